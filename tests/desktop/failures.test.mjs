// A backup that fails: the person is told by the desktop, and the way out is one click.
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { test } from "node:test";
import { fillDocuments, setUp } from "./support/journey.mjs";
import { inWorld } from "./support/world.mjs";

test("a failed backup arrives as a notification, whose button tries again", async (context) => {
  await inWorld(context, {}, async (world) => {
    fillDocuments(world);
    const window = await world.open();
    await setUp(world, { name: "R&D <new>" });
    await window.see('plan-card state="protected"', 60);

    renameSync(world.documents, `${world.documents} moved`);
    await window.click("back-up-now");
    const notice = await world.notifications.next((line) => line.notice);
    assert.equal(notice.app, "Holdfast");
    assert.equal(notice.urgency, 2, "urgent");
    const text = notice.summary + notice.body;
    assert.match(text, /R&amp;D &lt;new&gt;|R&D <new>/);
    assert.doesNotMatch(notice.body, /<new>/, "the body is markup, and the name is not");
    assert.ok(notice.actions.includes("retry"), notice.actions.join());
    await window.see('plan-card state="failing"');

    renameSync(`${world.documents} moved`, world.documents);
    const isProtected = async () =>
      (await window.all('plan-card state="protected"')).length > 0;
    await world.chooseAction(notice, "retry", "it is protected again", isProtected);
    await world.notifications.next((line) => line.notice && line !== notice);
  });
});

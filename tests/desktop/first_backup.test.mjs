// The first start, in the real window: from nothing to a snapshot, and back to a file.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fillDocuments, resticOn, setUp } from "./support/journey.mjs";
import { inWorld } from "./support/world.mjs";

test("from the first click to a restored file, byte for byte", async (context) => {
  await inWorld(context, {}, async (world) => {
    fillDocuments(world);
    const window = await world.open();
    const repository = await setUp(world);
    await window.see('plan-card state="protected"', 60);

    const snapshots = JSON.parse(resticOn(world, repository, ["snapshots", "--json", "--no-lock"]));
    assert.equal(snapshots.length, 1);
    assert.deepEqual(snapshots[0].paths, [world.documents]);
    resticOn(world, repository, ["check", "--read-data"]);

    await window.click("nav-snapshots");
    await window.click("snapshot-open");
    // Folders that hold nothing but one folder are passed by.
    await window.see('file-row name="letter.txt"');
    await window.click('file-row name="Photos & more" > file-check');
    await window.click('file-row name="letter.txt" > file-check');
    await window.click("restore-chosen");
    await window.click("restore-place-folder");
    await window.click("restore-choose-folder");
    const target = world.makeFolder("restored");
    await world.chooseFolder("Choose where to restore to", target);
    await window.click("restore-preview");
    await window.see("preview");
    assert.deepEqual(readdirSync(target), [], "a preview writes nothing");
    await window.click("restore-start");
    await window.see('operation-state state="protected"', 60);

    const restored = target;
    for (const name of ["letter.txt", "Photos & more/<summer> 2026.bin", "Photos & more/empty.bin"]) {
      const before = readFileSync(path.join(world.documents, name));
      assert.ok(before.equals(readFileSync(path.join(restored, name))), name);
    }
    assert.deepEqual(readdirSync(restored).sort(), ["Photos & more", "letter.txt"]);
  });
});

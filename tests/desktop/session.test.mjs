// The app in its session: tray, second start, restart, and what may be missing.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fillDocuments, resticOn, setUp } from "./support/journey.mjs";
import { inWorld, until } from "./support/world.mjs";

const labels = (menu) => menu.flatMap(([label, , children]) => [label, ...labels(children)]);

test("a plan is started from the tray's menu", async (context) => {
  await inWorld(context, {}, async (world) => {
    fillDocuments(world);
    const window = await world.open();
    const repository = await setUp(world);
    await window.see('plan-card state="protected"', 60);
    await world.tray.next((line) => line.registered);
    const menu = await until("the menu tells how it is", async () => {
      const menu = await world.tray.ask({ menu: true });
      return labels(menu)[0] === "Everything is protected." && menu;
    });
    assert.ok(labels(menu).includes("Documents"), labels(menu).join());

    assert.equal(await world.tray.ask({ click: ["Back up now", "Documents"] }), "clicked");
    await until("there are two snapshots", () => {
      const list = resticOn(world, repository, ["snapshots", "--json", "--no-lock"]);
      return JSON.parse(list).length === 2;
    }, 60);

    assert.equal(await world.tray.ask({ click: ["Quit"] }), "clicked");
    await until("the app ended", () => world.appProcesses().length === 0);
    assert.equal(resticOn(world, repository, ["list", "locks", "--no-lock"]), "");
  });
});

test("a closed window stays in the tray, and a second start shows it", async (context) => {
  await inWorld(context, {}, async (world) => {
    await world.open();
    await world.window.see("page-start");
    assert.ok(world.isVisible("Holdfast"));
    await world.window.closeByUser();
    await until("the window is hidden", () => !world.isVisible("Holdfast"));
    assert.equal(await world.startAgain(["--hidden"]), 0);
    assert.ok(!world.isVisible("Holdfast"), "a hidden start shows nothing");
    assert.equal(await world.startAgain(), 0);
    await until("the window is shown", () => world.isVisible("Holdfast"));
    assert.equal(world.appProcesses().length, 1);
  });
});

test("settings and plans survive a restart, and start at login is an entry", async (context) => {
  await inWorld(context, {}, async (world) => {
    fillDocuments(world);
    await world.open();
    await setUp(world);
    await world.window.see('plan-card state="protected"', 60);
    await world.window.click("nav-settings");
    await world.window.click("setting-notifyOnSuccess");
    await world.window.click("setting-startAtLogin");
    const entry = path.join(world.environment.XDG_CONFIG_HOME, "autostart/holdfast.desktop");
    await until("the entry is written", () => {
      try {
        return readFileSync(entry, "utf8").includes("--hidden");
      } catch {
        return false;
      }
    });
    await world.close();

    const window = await world.open();
    await window.see('plan-card state="protected"');
    await window.click("nav-settings");
    assert.equal(await window.attribute("setting-notifyOnSuccess", "aria-checked"), "true");
    assert.equal(await window.attribute("setting-startAtLogin", "aria-checked"), "true");
    await window.click("nav-overview");
    await window.click("back-up-now");
    await world.notifications.next((line) => line.notice, 60);
  });
});

test("without tray, notifications and keychain it works, and says what is missing", async (context) => {
  await inWorld(context, { without: ["tray", "notifications", "keychain"] }, async (world) => {
    fillDocuments(world);
    const window = await world.open();
    const repository = await setUp(world);
    await window.see('plan-card state="protected"', 60);
    await window.click("nav-settings");
    for (const service of ["keychain", "notifications", "tray"]) {
      await window.see(`service-${service} available="false"`);
    }
    assert.equal(JSON.parse(resticOn(world, repository, ["snapshots", "--json"])).length, 1);

    await world.close();
    await world.open();
    await world.window.see("banner-password");
  });
});

test("a locked keychain is told, and the password can be typed", async (context) => {
  await inWorld(context, {}, async (world) => {
    fillDocuments(world);
    await world.open();
    const repository = await setUp(world);
    await world.window.see('plan-card state="protected"', 60);
    await world.close();
    await world.lockKeychain();

    const window = await world.open();
    await window.click("enter-password", 40);
    await window.type("password-input", "correct horse battery staple");
    await window.click("password-submit");
    await window.gone("banner-password");
    await window.click("back-up-now");
    await until("there are two snapshots", () => {
      const list = resticOn(world, repository, ["snapshots", "--json", "--no-lock"]);
      return JSON.parse(list).length === 2;
    }, 60);
  });
});

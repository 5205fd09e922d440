// Auto Unlock against locks that a killed restic left.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PASSWORD, fillDocuments, setUp } from "./support/journey.mjs";
import { inWorld, lockClient, restic, until } from "./support/world.mjs";

const locksOf = (repository) => readdirSync(path.join(repository, "locks"));

/** Leaves the exclusive lock of a real restic that is killed in the middle of its work. */
async function leaveLock(world, repository, { elsewhere = false } = {}) {
  const command = [restic, "-r", repository, "check", "--read-data", "--limit-download", "20"];
  const rename = 'echo mac-mini > /proc/sys/kernel/hostname; exec "$@"';
  const line = elsewhere ? ["unshare", "--uts", "sh", "-c", rename, "sh", ...command] : command;
  const env = {
    ...world.environment,
    RESTIC_PASSWORD: PASSWORD,
    RESTIC_CACHE_DIR: path.join(world.home, "restic-cache"),
  };
  const before = locksOf(repository).length;
  const process = world.spawn(line[0], line.slice(1), { env, stdio: "ignore" });
  await until("restic has its lock", () => locksOf(repository).length > before);
  // A lock counts once restic looked whether it is alone, 200 ms later.
  await until("restic reads", async () => {
    await new Promise((go) => setTimeout(go, 400));
    return true;
  });
  const exit = once(process, "exit");
  process.kill("SIGKILL");
  await exit;
  assert.equal(locksOf(repository).length, before + 1, "the lock is left");
}

async function ready(world) {
  fillDocuments(world);
  const window = await world.open();
  const repository = await setUp(world);
  await window.see('plan-card state="protected"', 60);
  return repository;
}

async function settings(window, mode) {
  await window.click("nav-repositories");
  await window.click("repository-row");
  await window.see("page-repository");
  await window.type("lock-wait-minutes", "0\t");
  // The default is "own": what is chosen first makes sure that a choice is made and said.
  for (const choice of [mode === "all" ? "off" : "all", mode]) {
    await window.click(`auto-unlock-${choice}`);
    await window.see("auto-unlock-said");
    await until("it is kept", async () => {
      const overview = await window.overview();
      return overview.repositories[0].autoUnlock.type === choice;
    });
  }
}

async function backUp(window) {
  await window.click("nav-overview");
  await window.click("back-up-now");
}

test("off: the lock stays, the backup fails and says who holds the repository", async (context) => {
  await inWorld(context, {}, async (world) => {
    const repository = await ready(world);
    await settings(world.window, "off");
    await leaveLock(world, repository);
    await backUp(world.window);
    const notice = await world.notifications.next((line) => line.notice, 60);
    assert.ok(notice.actions.includes("unlock-and-retry"), notice.actions.join());
    assert.equal(locksOf(repository).length, 1);
    const isGone = () => locksOf(repository).length === 0;
    await world.chooseAction(notice, "unlock-and-retry", "the lock is gone", isGone);
    await world.window.see('operation-row kind="backup" state="succeeded"', 60);
  });
});

test("own: a lock proven dead is removed, recorded and told", async (context) => {
  await inWorld(context, {}, async (world) => {
    const repository = await ready(world);
    await settings(world.window, "own");
    await leaveLock(world, repository);
    await backUp(world.window);
    await world.notifications.next((line) => line.notice, 60);
    await world.window.see('operation-row kind="unlock"');
    await until("the backup is done", () => locksOf(repository).length === 0, 60);
    await world.window.see('operation-row kind="backup" state="succeeded"', 60);
  });
});

test("all: another computer's lock goes only after it was silent for long", async (context) => {
  await inWorld(context, {}, async (world) => {
    const repository = await ready(world);
    await settings(world.window, "all");
    await leaveLock(world, repository, { elsewhere: true });
    await backUp(world.window);
    await world.notifications.next((line) => line.notice, 60);
    assert.equal(locksOf(repository).length, 1, "a young lock may be alive");

    world.run(lockClient, [repository, "age", "45"]);
    await backUp(world.window);
    await until("the lock is gone", () => locksOf(repository).length === 0, 60);
    await world.window.see('plan-card state="protected"', 60);
    await world.window.see('operation-row kind="unlock"');
  });
});

// Ways through the window that several tests take.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { restic } from "./world.mjs";

export const PASSWORD = "correct horse battery staple";

/** A folder with a little of everything that a person keeps. */
export function fillDocuments(world) {
  const file = (name, content) => {
    const place = path.join(world.documents, name);
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, content);
    return place;
  };
  file("letter.txt", "Dear Anna,\n");
  file("Photos & more/<summer> 2026.bin", bytes(3_000_000, 7));
  file("Photos & more/empty.bin", "");
  file("日本語/ノート.txt", "やあ\n");
  chmodSync(file("private.key", bytes(4096, 3)), 0o600);
}

/** Bytes that look random and are the same every time. */
export function bytes(count, seed) {
  const made = Buffer.alloc(count);
  let state = seed;
  for (let at = 0; at < count; at += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    made[at] = state >>> 16;
  }
  return made;
}

/** The first start, from the first step to the overview. Returns the repository's folder. */
export async function setUp(world, { schedule = "manual", name } = {}) {
  const { window } = world;
  const repository = path.join(world.home, "Blue disk/backup");
  mkdirSync(repository, { recursive: true });
  await window.see('page-start step="what"');
  await window.see(`source path="${world.documents}"`);
  await window.click("start-next");

  await window.see('page-start step="where"');
  await window.click("choose-repository-folder");
  await world.chooseFolder("Choose where the backups go", repository);
  await window.see("repository-password");
  await window.type("repository-password", PASSWORD);
  await window.type("repository-password-again", PASSWORD);
  await window.click("start-next");

  await window.see('page-start step="sheet"');
  await window.click("start-next");

  await window.see('page-start step="when"');
  await window.click(`schedule-${schedule}`);
  if (name) await window.type("plan-name", name);
  await window.click("start-next");
  await window.see("page-overview");
  return repository;
}

/** A real restic on a repository. */
export function resticOn(world, repository, args, environment = {}) {
  return world.run(restic, ["-r", repository, ...args], {
    RESTIC_PASSWORD: PASSWORD,
    RESTIC_CACHE_DIR: path.join(world.home, "restic-cache"),
    ...environment,
  });
}

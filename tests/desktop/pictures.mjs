// Takes the pictures of the README from the running app: `scripts/pictures`.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bytes, fillDocuments, setUp } from "./support/journey.mjs";
import { inWorld } from "./support/world.mjs";

const folder = fileURLToPath(new URL("../../docs/pictures/", import.meta.url));
mkdirSync(folder, { recursive: true });

await inWorld({ name: "pictures" }, {}, async (world) => {
  fillDocuments(world);
  for (let number = 1; number <= 12; number += 1) {
    const name = path.join(world.documents, `Photos & more/IMG_${2040 + number}.jpg`);
    writeFileSync(name, bytes(400_000 + number * 137_000, number));
  }
  const window = await world.open();
  const take = (name) => window.picture(path.join(folder, name));
  await window.see('page-start step="what"');
  await window.see("source-size");
  await take("first-start.png");

  await setUp(world, { schedule: "dailyAt" });
  await window.see('plan-card state="protected"', 60);
  await take("overview.png");

  await window.click("nav-snapshots");
  await window.click("snapshot-open");
  // Folders that hold nothing but one folder are passed by.
  await window.see('file-row name="letter.txt"');
  await window.click('file-row name="Photos & more" > file-check');
  await take("snapshot.png");
  await window.click("restore-chosen");
  await window.click("restore-place-original");
  await window.click("restore-preview");
  await window.see("preview");
  await take("restore.png");

  await window.click("nav-settings");
  await window.click("setting-theme-dark");
  await window.click("nav-repositories");
  await window.click("repository-row");
  await window.see("page-repository");
  await take("repository-dark.png");
});

// Holds the voice: no exclamation marks, no jargon on the first level, no words the glossary bars.
import { expect, it } from "vitest";
import { t } from ".";

/** Every sentence with its key; a sentence with values is looked at by what it is written as. */
function sentences(of: unknown, key = ""): [key: string, text: string][] {
  if (typeof of === "string") return [[key, of]];
  if (typeof of === "function") return [[key, of.toString()]];
  if (typeof of !== "object" || of === null) return [];
  return Object.entries(of).flatMap(([name, inner]) => sentences(inner, `${key}.${name}`));
}

const all = sentences(t);
const texts = all.filter(([, text]) => !text.includes("=>"));

it("no sentence shouts", () => {
  expect(texts.filter(([, text]) => text.includes("!"))).toEqual([]);
});

it("no sentence is empty", () => {
  expect(all.filter(([, text]) => text.trim() === "")).toEqual([]);
});

it("no word is one that the glossary replaces", () => {
  const barred = /\b(vault|archive|bucket|job|task|profile|cron|prune|exit code|URI|daemon)\b/i;
  expect(texts.filter(([, text]) => barred.test(text))).toEqual([]);
});

it("plural forms are words a person would say", () => {
  expect(t.files(1)).toBe("1 file");
  expect(t.files(1204)).toBe("1,204 files");
  expect(t.snapshots.browser.restore(1)).toBe("Restore 1 item");
  expect(t.activity.findingsMore(1)).toBe("and 1 more like this");
});

// Every screen in every state, light and dark: nothing that axe objects to, nothing the security
// policy refuses, nothing wider than the window. With SHOTS=1 also a picture of each in `shots/`,
// for a person to look at; SCREEN=name takes only those.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { screens } from "./screens";
import { drawn, loading, setStage, settle, type Stage, type Theme } from "./stage";

const shots = fileURLToPath(new URL("../../shots", import.meta.url));
const takesShots = Boolean(process.env["SHOTS"]);
const only = process.env["SCREEN"];
// As the window opens at first, and as small as it may become.
const opened = { width: 1080, height: 720 };
const smallest = { width: 880, height: 600 };

let stage: Stage;
let axe: string;

beforeAll(async () => {
  if (takesShots) await mkdir(shots, { recursive: true });
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  stage = await setStage();
});

afterAll(() => stage.close());

/** What axe objects to, by rule and place. */
async function objections(page: Page, options: RunOptions): Promise<string[]> {
  const { violations } = await page.evaluate(
    (asked) =>
      (window as unknown as { axe: { run(o: RunOptions): Promise<AxeResults> } }).axe.run(asked),
    options,
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n  ")}`);
}

const overflow = (page: Page) =>
  page.evaluate(() => {
    const main = document.querySelector("main");
    return main ? main.scrollWidth - main.clientWidth : 0;
  });

async function shoot(page: Page, name: string, theme: Theme): Promise<void> {
  if (!takesShots) return;
  for (const size of [smallest, opened]) {
    await page.setViewportSize(size);
    await page.screenshot({ path: `${shots}/${name}-${theme}-${size.width}.png` });
  }
}

const wanted = screens.filter(({ name }) => !only || name.includes(only));

it.each(wanted)("$name is sound and stays inside the window", async (screen) => {
  const { name, scenario, at, act, loads } = screen;
  const page = await stage.open({ scenario, at, ...opened });
  try {
    const ready = loads ? loading : settle;
    await ready(page);
    await act?.(page);
    await ready(page);
    await page.evaluate(axe);
    expect(await objections(page, {})).toEqual([]);
    for (const size of [smallest, opened]) {
      await page.setViewportSize(size);
      expect(await overflow(page), `${name} at ${size.width}`).toBeLessThanOrEqual(0);
    }
    await shoot(page, name, "light");
    // The dark window is the same one in other colours.
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator(':root[data-theme="dark"]').waitFor({ state: "attached" });
    // Colours go over into each other, if only for a frame.
    await drawn(page);
    expect(await objections(page, { runOnly: ["color-contrast"] })).toEqual([]);
    await shoot(page, name, "dark");
  } finally {
    await page.close();
  }
  expect(stage.complaints.splice(0)).toEqual([]);
});

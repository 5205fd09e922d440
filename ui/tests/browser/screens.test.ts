// Every screen in every state, light and dark: nothing that axe objects to, nothing the security
// policy refuses, nothing wider than the window; and a picture of each for a person to look at.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { AxeResults } from "axe-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { screens } from "./screens";
import { setStage, settle, type Stage, type Theme } from "./stage";

const shots = fileURLToPath(new URL("../../shots", import.meta.url));
const sizes = [
  { width: 1280, height: 800 },
  { width: 880, height: 600 },
];

let stage: Stage;
let axe: string;

beforeAll(async () => {
  await mkdir(shots, { recursive: true });
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  stage = await setStage();
});

afterAll(() => stage.close());

const only = process.env["SCREEN"];

describe.each(["light", "dark"] as Theme[])("in %s", (theme) => {
  const wanted = screens.filter(({ name }) => !only || name.includes(only));
  it.each(wanted)("$name is sound and stays inside the window", async (screen) => {
    const { name, scenario, at, act, loads } = screen;
    const page = await stage.open({ scenario, at, theme, ...sizes[0] });
    try {
      if (!loads) await settle(page);
      await act?.(page);
      if (!loads) await settle(page);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      const told = violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join("\n  ")}`,
      );
      for (const size of sizes) {
        await page.setViewportSize(size);
        if (!loads) await settle(page);
        const overflow = await page.evaluate(() => {
          const main = document.querySelector("main");
          return main ? main.scrollWidth - main.clientWidth : 0;
        });
        expect(overflow, `${name} at ${size.width}`).toBeLessThanOrEqual(0);
        await page.screenshot({ path: `${shots}/${name}-${theme}-${size.width}.png` });
      }
      expect(told).toEqual([]);
    } finally {
      await page.close();
    }
    expect(stage.complaints.splice(0)).toEqual([]);
  });
});

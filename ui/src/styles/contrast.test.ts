// Holds every pair of colours that meets on screen at 4.5:1 (3:1 for lines and shapes), in both
// themes. It reads the tokens themselves.
import { describe, expect, it } from "vitest";

const files = import.meta.glob<string>("../**/*.{svelte,css}", {
  query: "?raw",
  import: "default",
  eager: true,
});
const css = files["./tokens.css"] ?? "";

function tokensOf(theme: "light" | "dark"): Map<string, string> {
  const start = css.indexOf(`[data-theme="${theme}"] {`);
  const block = css.slice(start, css.indexOf("}", start));
  return new Map(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [
      name,
      value,
    ]),
  );
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ["canvas", "surface", "rail-surface", "sunken", "hover"];
const states = ["protected", "attention", "failed", "waiting"];

const texts: [string, string][] = [
  ...grounds.flatMap((ground): [string, string][] => [
    ["ink", ground],
    ["ink-soft", ground],
    ["accent-ink", ground],
    ...states.map((state): [string, string] => [state, ground]),
  ]),
  ...states.flatMap((state): [string, string][] => [
    [state, `${state}-soft`],
    ["ink", `${state}-soft`],
    ["accent-ink", `${state}-soft`],
  ]),
  ["accent-ink", "accent-soft"],
  ["ink", "accent-soft"],
  ["ink-soft", "accent-soft"],
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["on-danger", "danger"],
  ["on-danger", "danger-hover"],
];

const shapes: [string, string][] = [
  ["line-strong", "surface"],
  ["line-strong", "canvas"],
  ["line-strong", "sunken"],
  ["cell-good", "surface"],
  ["accent", "canvas"],
  ["accent", "surface"],
  ["accent", "rail-surface"],
];

describe.each(["light", "dark"] as const)("in %s", (theme) => {
  const tokens = tokensOf(theme);
  const ratio = ([one, other]: [string, string]) => {
    const [front, ground] = [tokens.get(one), tokens.get(other)];
    if (!front || !ground) throw new Error(`no token ${front ? other : one}`);
    return contrast(front, ground);
  };

  it.each(texts)("%s is read on %s", (...pair) => expect(ratio(pair)).toBeGreaterThanOrEqual(4.5));
  it.each(shapes)("%s is seen on %s", (...pair) => expect(ratio(pair)).toBeGreaterThanOrEqual(3));
});

it("only tokens.css holds colours", () => {
  const guilty = Object.entries(files)
    .filter(([path]) => !path.endsWith("tokens.css"))
    .filter(([, text]) => /#[0-9a-f]{3,8}\b(?=[;\s)"])|rgba?\(|hsl\(/i.test(text))
    .map(([path]) => path);
  expect(guilty).toEqual([]);
});

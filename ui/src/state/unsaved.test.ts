import { beforeEach, describe, expect, test } from "vitest";
import { cart } from "./cart.svelte";
import { router } from "./router.svelte";
import { watchUnsaved } from "./unsaved";

/** As much of a window as is watched. */
function windowOf() {
  const document = new EventTarget();
  const on = Object.assign(new EventTarget(), { document }) as unknown as Window;
  watchUnsaved(on);
  return { on, type: () => document.dispatchEvent(new Event("input")) };
}

beforeEach(() => {
  cart.of("", "", 0);
  router.page = { name: "settings" };
});

describe("a window that is hidden", () => {
  test("may go when nothing was typed or chosen", () => {
    expect(windowOf().on.holdsUnsaved?.()).toBe(false);
  });

  test("stays with what was typed, until that page is left", () => {
    const { on, type } = windowOf();
    type();
    expect(on.holdsUnsaved?.()).toBe(true);
    on.dispatchEvent(new Event("hashchange"));
    expect(on.holdsUnsaved?.()).toBe(false);
  });

  test("stays with what was ticked to be restored", () => {
    const { on } = windowOf();
    cart.of("blue", "4f2a", 1);
    cart.set([{ path: "/home/letter.txt", kind: "file", size: 3 }], true);
    expect(on.holdsUnsaved?.()).toBe(true);
    cart.of("blue", "another", 2);
    expect(on.holdsUnsaved?.()).toBe(false);
  });

  test("stays where something is being made", () => {
    router.page = { name: "newPlan" };
    expect(windowOf().on.holdsUnsaved?.()).toBe(true);
  });
});

import { expect, it } from "vitest";
import { Cart } from "./cart.svelte";

function cartOf(...paths: string[]): Cart {
  const cart = new Cart();
  cart.of("blue", "6b1f", 0);
  cart.set(
    paths.map((path) => ({ path, kind: "folder", size: 0 })),
    true,
  );
  return cart;
}

it.each([
  ["/home/ada/Letters/a.txt", true],
  ["/home/ada/Letters", false],
  ["/home/ada/Letters of Grace", false],
  ["/home", false],
])("%s comes with the ticked /home/ada/Letters: %s", (path, inside) =>
  expect(cartOf("/home/ada/Letters").isInside(path)).toBe(inside),
);

it("everything is inside the ticked root but the root itself", () => {
  const cart = cartOf("/");
  expect(cart.isInside("/home")).toBe(true);
  expect(cart.isInside("/")).toBe(false);
});

it("looks up the folders above a path, and none of the other ticked items", () => {
  const cart = cartOf("/home/ada/a", "/home/ada/b");
  let lookups = 0;
  const ticked = cart.items;
  cart.items = {
    has: (path: string) => {
      lookups += 1;
      return ticked.has(path);
    },
    keys: () => {
      throw new Error("every ticked item was looked at");
    },
  } as unknown as typeof ticked;
  expect(cart.isInside("/home/ada/c")).toBe(false);
  expect(lookups).toBe(3);
});

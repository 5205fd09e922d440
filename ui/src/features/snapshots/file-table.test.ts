import { beforeEach, expect, it } from "vitest";
import type { EntryView } from "@/api/types";
import { Cart } from "@/state/cart.svelte";
import { FileTable } from "./file-table.svelte";

const entry = (name: string, kind: EntryView["kind"] = "file"): EntryView => ({
  name,
  path: `/home/${name}`,
  kind,
  size: 1,
  modified: 0,
  mode: "-rw-r--r--",
});

let cart: Cart;
let table: FileTable;
let opened: string[];
let ups: number;

beforeEach(() => {
  cart = new Cart();
  cart.of("blue", "6b1f", 0);
  table = new FileTable(cart);
  opened = [];
  ups = 0;
  const names = ["Photo 10.jpg", "Photo 9.jpg", "alpha.txt", "beta.txt", "bear.txt"];
  table.show([...names.map((name) => entry(name)), entry("Work", "folder")]);
});

function press(key: string, more: Partial<KeyboardEvent> = {}, now = 0): boolean {
  const event = { key, shiftKey: false, ctrlKey: false, ...more } as KeyboardEvent;
  return table.key(
    event,
    (one) => opened.push(one.name),
    () => (ups += 1),
    now,
  );
}

const active = () => table.entries[table.active]?.name;

it("shows folders first and names as people sort them", () => {
  expect(table.entries.map((one) => one.name)).toEqual([
    "Work",
    "alpha.txt",
    "bear.txt",
    "beta.txt",
    "Photo 9.jpg",
    "Photo 10.jpg",
  ]);
});

it("space ticks, shift and an arrow tick a range", () => {
  press("ArrowDown");
  press(" ");
  press("ArrowDown", { shiftKey: true });
  expect([...cart.items.keys()]).toEqual(["/home/alpha.txt", "/home/bear.txt"]);
});

it("shift-click ticks everything from the last tick on", () => {
  table.tick(1, false);
  table.tick(4, true);
  expect(cart.count).toBe(4);
});

it("enter opens a folder, backspace goes up", () => {
  press("Enter");
  press("Backspace");
  expect(opened).toEqual(["Work"]);
  expect(ups).toBe(1);
});

it("letters typed quickly jump to a name, typed slowly to the next that begins so", () => {
  press("b", {}, 1000);
  expect(active()).toBe("bear.txt");
  press("e", {}, 1100);
  press("t", {}, 1200);
  expect(active()).toBe("beta.txt");
  press("b", {}, 5000);
  expect(active()).toBe("bear.txt");
});

it("a space while typing belongs to the name", () => {
  for (const [at, letter] of [..."photo 1"].entries()) press(letter, {}, 1000 + at * 50);
  expect(active()).toBe("Photo 10.jpg");
  expect(cart.count).toBe(0);
});

it("what is inside a ticked folder comes with it and is not ticked apart", () => {
  cart.set([entry("Work", "folder")], true);
  table.show([{ ...entry("inner.txt"), path: "/home/Work/inner.txt" }]);
  expect(table.allTicked).toBe(true);
  press(" ");
  expect(cart.count).toBe(1);
});

it("items of another snapshot are not restored along", () => {
  press(" ");
  cart.of("blue", "another", 0);
  expect(cart.count).toBe(0);
});

it("coming back up finds the folder that was left", () => {
  table.show([entry("a", "folder"), entry("b", "folder")], "/home/b");
  expect(active()).toBe("b");
});

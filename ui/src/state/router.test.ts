import { expect, it } from "vitest";
import { addressOf, pageAt, pageOf, type Page } from "./router.svelte";

const pages: Page[] = [
  { name: "overview" },
  { name: "start" },
  { name: "plans" },
  { name: "newPlan" },
  { name: "plan", id: "a/b c" },
  { name: "snapshots", repository: "blue", plan: "documents" },
  { name: "snapshot", repository: "blue", snapshot: "6b1f", path: "/home/ada/50 % & more?" },
  { name: "restore" },
  { name: "activity", plan: "documents" },
  { name: "operation", id: "op-1" },
  { name: "repositories" },
  { name: "newRepository" },
  { name: "repository", id: "blue" },
  { name: "doctor" },
  { name: "settings" },
  { name: "newHook" },
  { name: "hook", id: "hook 1/2" },
];

it.each(pages)("the address of $name leads back to it", (page) => {
  expect(pageAt(addressOf(page))).toEqual(page);
});

it("an address that names nothing is the overview", () => {
  expect(pageAt("#/nonsense/here")).toEqual({ name: "overview" });
  expect(pageAt("")).toEqual({ name: "overview" });
});

it("a notice that asks for a password leads to the repository", () => {
  expect(pageOf({ type: "enterPassword", repository: "blue" })).toEqual({
    name: "repository",
    id: "blue",
  });
});

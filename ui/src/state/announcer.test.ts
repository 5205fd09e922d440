import { expect, it } from "vitest";
import { announcer } from "./announcer.svelte";

it("what is told again changes the region, so that it is read out again", () => {
  announcer.alarm("Backup of Documents failed.");
  const first = announcer.urgent;
  announcer.alarm("Backup of Documents failed.");
  expect(announcer.urgent).not.toBe(first);
  expect(announcer.urgent.trim()).toBe(first.trim());
});

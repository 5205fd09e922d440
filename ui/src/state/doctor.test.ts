import { expect, it } from "vitest";
import type { Client } from "@/api/client";
import type { CheckGroup, CheckView, Verdict } from "@/api/types";
import { Doctor, byGroup } from "./doctor.svelte";

const check = (group: CheckGroup, verdict: Verdict): CheckView => ({
  id: "room",
  group,
  verdict,
  lookedAt: `${group} ${verdict}`,
  reading: "",
  why: "",
});
const all = [
  check("source", "pass"),
  check("source", "note"),
  check("computer", "pass"),
  check("repository", "warn"),
  check("computer", "fail"),
];
const report = { at: 1, tookMillis: 1, checks: all, text: "" };

it("the gravest group comes first, and the gravest first in it", () => {
  const shown = byGroup(all).map(([group, checks]) => [group, checks.map((one) => one.verdict)]);
  expect(shown).toEqual([
    ["computer", ["fail", "pass"]],
    ["repository", ["warn"]],
    ["source", ["note", "pass"]],
  ]);
});

it("a look that fails says so, and keeps what was known", async () => {
  let answers = true;
  const client = {
    doctor: () => (answers ? Promise.resolve(report) : Promise.reject(new Error("gone"))),
  } as unknown as Client;
  const doctor = new Doctor(() => client);
  await doctor.look();
  answers = false;
  await doctor.look();
  expect(doctor.problem?.code).toBe("unexpected");
  expect([doctor.failed, doctor.count("pass"), doctor.looking]).toEqual([1, 2, false]);
});

it("a fix that fails is no fix", async () => {
  const client = {
    fix: ({ type }: { type: string }) =>
      type === "startAtLogin" ? Promise.resolve(null) : Promise.reject(new Error("no")),
  } as unknown as Client;
  const doctor = new Doctor(() => client);
  expect(await doctor.fix({ type: "startAtLogin" })).toBe(true);
  expect(doctor.problem).toBeNull();
  expect(await doctor.fix({ type: "openSettings" })).toBe(false);
  expect(doctor.problem?.code).toBe("unexpected");
});

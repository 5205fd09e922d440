import { expect, it } from "vitest";
import type { Concern, ConcernKind, HealthState, Overview, PlanView, Problem } from "@/api/types";
import { sentenceOf } from "./sentence";

const HOUR = 3_600_000;
const now = new Date(2026, 10, 21, 14, 5).getTime();

const plan = (name: string, state: HealthState, more: Partial<PlanView> = {}): PlanView => ({
  id: name,
  name,
  repository: "blue",
  sources: [],
  excludes: { patterns: [], caches: true, ifPresent: [], oneFileSystem: false, presets: [] },
  timing: { schedule: { type: "manual" }, spreadMinutes: 0 },
  health: { state, newestGood: now - 80 * HOUR, targetAgeMillis: 26 * HOUR },
  upcoming: [],
  days: [],
  ...more,
});

const overview = (health: HealthState, ...plans: PlanView[]) =>
  ({ health, plans, concerns: [] }) as unknown as Overview;

it("says that everything is protected, and since when", () => {
  const sentence = sentenceOf(overview("protected", plan("Photos", "protected")), now);
  expect(sentence.text).toBe("Everything is protected.");
  expect(sentence.reason).toBe("The newest snapshot was made 3 days ago.");
});

const concern = (kind: ConcernKind, name: string, count: number): Concern => ({
  kind,
  name,
  count,
  operation: `op-${name}`,
});

const protectedBut = (...concerns: Concern[]) =>
  sentenceOf({ ...overview("protected", plan("Photos", "protected")), concerns }, now);

it("says in a second clause what is wrong although everything is protected", () => {
  const sentence = protectedBut(concern("filesSkipped", "Photos", 12));
  expect(sentence.text).toBe("Everything is protected, but 12 items of Photos could not be read.");
  expect(sentence.concern?.operation).toBe("op-Photos");
});

it("says damage first, and counts what is more than one", () => {
  const sentence = protectedBut(
    concern("damageFound", "Blue", 3),
    concern("filesSkipped", "Photos", 1),
    concern("filesSkipped", "Letters", 2),
  );
  expect(sentence.text).toBe(
    "Everything is protected, but verifying Blue found 3 problems and some items of 2 plans could not be read.",
  );
  expect(sentence.concern?.kind).toBe("damageFound");
});

it("names the plan that is overdue and for how long", () => {
  const worst = plan("Photos", "overdue");
  const sentence = sentenceOf(overview("overdue", plan("Letters", "protected"), worst), now);
  expect(sentence.text).toBe("Photos has not been backed up for 3 days.");
  expect(sentence.plan?.id).toBe("Photos");
});

const unplugged = {
  code: "destinationNotConnected",
  title: "The drive “Blue SSD” is not connected",
  meaning: "",
  advice: "Connect it and they start by themselves.",
  actions: [],
} as Problem;

const several = (state: HealthState, ...reasons: (Problem | undefined)[]) => {
  const names = ["Photos", "Letters", "Music"];
  const plans = reasons.map((reason, at) => {
    const one = plan(names[at] ?? "", state);
    return { ...one, health: { ...one.health, ...(reason ? { reason } : {}) } };
  });
  const { text, reason } = sentenceOf(overview(state, ...plans), now);
  return [text, reason];
};

it("counts the plans in the same state, and names them", () => {
  expect(several("failing", undefined, undefined)).toEqual([
    "The backups of 2 plans fail.",
    "Photos and Letters.",
  ]);
  expect(several("overdue", undefined, undefined)[0]).toBe("2 plans are overdue.");
});

it("plans that wait for one drive wait for it by name, and nothing calls for attention", () => {
  expect(several("waiting", unplugged, unplugged)).toEqual([
    "2 plans are waiting.",
    "Photos and Letters. The drive “Blue SSD” is not connected. Connect it and they start by themselves.",
  ]);
});

it("plans that wait for different things are named without a reason of one of them", () => {
  const other = { ...unplugged, title: "The password is not known" };
  expect(several("waiting", unplugged, other)[1]).toBe("Photos and Letters.");
});

it("tells that the first backup is running instead of that there was none", () => {
  const first = plan("Photos", "neverBackedUp", { running: "op-1" });
  expect(sentenceOf(overview("neverBackedUp", first), now).text).toBe(
    "The first backup of Photos is running.",
  );
});

it("invites to set up a backup when there is no plan", () => {
  expect(sentenceOf(overview("noPlans"), now).text).toBe("Nothing is backed up yet.");
});

import { expect, it } from "vitest";
import type { Client } from "@/api/client";
import type { Schedule, Timing } from "@/api/types";
import {
  dailyAt,
  everyHours,
  readLine,
  readMonthDays,
  readTime,
  readTimes,
  timingWords,
} from "./timing";
import { TimingForm, kindOf } from "./timing-form.svelte";

const EIGHT = { hour: 8, minute: 0 };
const TEN_PAST_NINE = { hour: 21, minute: 10 };

const timed = (schedule: Schedule, more: Partial<Timing> = {}): Timing => ({
  schedule,
  spreadMinutes: 0,
  ...more,
});

const fridays: Schedule = { type: "weekly", days: ["friday"], times: [EIGHT] };
const mondaysAndFridays: Schedule = {
  type: "weekly",
  days: ["friday", "monday"],
  times: [EIGHT, TEN_PAST_NINE],
};
const monthly: Schedule = { type: "monthly", days: [1, 22, -1], times: [EIGHT] };
const nights: Timing["window"] = {
  from: { hour: 22, minute: 0 },
  to: { hour: 6, minute: 30 },
  days: ["saturday", "sunday"],
};

it.each<[Timing, string]>([
  [timed({ type: "manual" }), "Only when I start it"],
  [timed(dailyAt({ hour: 7, minute: 5 })), "Every day at 07:05"],
  [timed(everyHours(1)), "Every hour"],
  [timed({ type: "every", count: 15, unit: "minutes" }), "Every 15 minutes"],
  [timed({ type: "every", count: 2, unit: "days" }), "Every 2 days"],
  [timed(mondaysAndFridays), "Monday and Friday at 08:00, 21:10"],
  [timed({ type: "cron", line: "@daily" }), "By the five fields @daily"],
  [timed(monthly), "On the 1st, 22nd and last of each month at 08:00"],
  [
    timed(everyHours(4), { window: nights, spreadMinutes: 30 }),
    "Every 4 hours, only from 22:00 to 06:30 on Saturday, Sunday, spread over 30 minutes",
  ],
])("says a timing in words: %o", (timing, words) => {
  expect(timingWords(timing)).toBe(words);
});

it.each<[Timing, string]>([
  [timed({ type: "manual" }), "manual"],
  [timed(dailyAt(EIGHT)), "dailyAt"],
  [timed({ type: "every", count: 90, unit: "minutes" }), "every"],
  [timed(fridays), "onDays"],
  [timed(monthly), "monthly"],
  [timed({ type: "cron", line: "0 2 * * 1-5" }), "cron"],
  [timed(everyHours(2), { window: nights, spreadMinutes: 45 }), "every"],
])("a timing goes through the form as it is: %o", (timing, kind) => {
  const form = new TimingForm(timing);
  expect(form.kind).toBe(kind);
  expect(form.missing).toBeUndefined();
  expect(form.timing).toEqual(timing);
});

it.each([
  ["  0  2 * * 1-5 ", "0 2 * * 1-5"],
  ["@daily", "@daily"],
  ["0 2 * *", undefined],
  ["daily", undefined],
])("five fields are read from %s", (text, line) => expect(readLine(text)).toBe(line));

it("all seven days chosen one by one are every day", () => {
  const form = new TimingForm(timed(fridays));
  form.weekdays = ["sunday", "saturday", "friday", "thursday", "wednesday", "tuesday", "monday"];
  expect(form.kind).toBe("onDays");
  expect(kindOf(form.timing.schedule)).toBe("dailyAt");
});

it.each<[string, (form: TimingForm) => void, string]>([
  ["no day", (form) => (form.weekdays = []), "Say when it runs."],
  ["no time", (form) => (form.times = "soon"), "Say when it runs."],
  ["no hours", (form) => ((form.isWindowed = true), (form.to = form.from)), "Say in which hours"],
  ["no day of the hours", (form) => ((form.isWindowed = true), (form.windowDays = [])), "Say in"],
])("%s is asked for, and until then it stays as it was", (_, change, words) => {
  const form = new TimingForm(timed(fridays));
  change(form);
  expect(form.missing).toContain(words);
  expect(form.timing).toEqual(timed(fridays));
});

it.each([
  ["4", "minutes", "Write a whole number from 5 to 1440."],
  ["5", "minutes", undefined],
  ["0", "hours", "Write a whole number from 1 to 8784."],
  ["1.5", "days", "Write a whole number from 1 to 366."],
  [" 366 ", "days", undefined],
] as const)("every %s %s", (count, unit, error) => {
  const form = new TimingForm(timed(everyHours(4)));
  form.count = count;
  form.unit = unit;
  expect(form.countError).toBe(error);
});

it("what runs only when it is started has no hours", () => {
  const form = new TimingForm(timed(everyHours(4), { window: nights, spreadMinutes: 30 }));
  form.kind = "manual";
  expect(form.timing).toEqual(timed({ type: "manual" }));
});

it("the next runs are the app's, and those of the timing as it is now", async () => {
  const answers: ((runs: number[]) => void)[] = [];
  const asked: unknown[] = [];
  const client = {
    upcomingRuns: ({ schedule }: Timing, plan?: string) => {
      asked.push([kindOf(schedule), plan]);
      return new Promise<number[]>((answer) => answers.push(answer));
    },
  } as unknown as Client;
  const form = new TimingForm();
  const first = form.lookAhead(client);
  form.kind = "every";
  const second = form.lookAhead(client, "photos");
  answers[1]?.([4, 8]);
  answers[0]?.([20]);
  await Promise.all([first, second]);
  expect(asked).toEqual([
    ["dailyAt", undefined],
    ["every", "photos"],
  ]);
  expect(form.upcoming).toEqual([4, 8]);
});

it.each<[string, () => Promise<number[]>, boolean]>([
  ["no run in sight is said", () => Promise.resolve([]), true],
  ["without an answer nothing is promised", () => Promise.reject(new Error("gone")), false],
])("%s", async (_, answer, never) => {
  const form = new TimingForm();
  await form.lookAhead({ upcomingRuns: answer } as unknown as Client);
  expect([form.upcoming, form.neverRuns]).toEqual([[], never]);
});

it.each([
  ["20:05", { hour: 20, minute: 5 }],
  ["20.05", { hour: 20, minute: 5 }],
  ["0705", { hour: 7, minute: 5 }],
  ["8", { hour: 8, minute: 0 }],
  ["8 pm", { hour: 20, minute: 0 }],
  ["12:30am", { hour: 0, minute: 30 }],
  ["24:00", undefined],
  ["13 pm", undefined],
  ["soon", undefined],
])("the time %s is understood", (text, time) => expect(readTime(text)).toEqual(time));

it("several times are put in the order of the day, each once", () => {
  expect(readTimes("9 pm, 8; 21:00")).toEqual([EIGHT, { hour: 21, minute: 0 }]);
  expect(readTimes("8, soon")).toBeUndefined();
  expect(readTimes(" ")).toBeUndefined();
});

it.each([
  ["15, 1, 15.", [1, 15]],
  ["Last, 31", [31, -1]],
  ["32", undefined],
  ["0", undefined],
  ["", undefined],
])("the days of the month %s are understood", (text, days) => {
  expect(readMonthDays(text)).toEqual(days);
});

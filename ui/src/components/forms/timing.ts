// Timings as people write and say them: times, days, and a whole timing in words.
import type { IntervalUnit, Schedule, TimeOfDay, Timing, Weekday, Window } from "@/api/types";
import { t } from "@/copy";

export const WEEK: Weekday[] = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
];

const LAST_DAY = -1;
const DAYS_IN_MONTH = 31;

export function dailyAt(time: TimeOfDay): Schedule {
  return { type: "weekly", days: [...WEEK], times: [time] };
}

export function everyHours(count: number): Schedule {
  return { type: "every", count, unit: "hours" };
}

/** Reads "20:05", "20.05", "2005", "8", "8 pm": however a time is written. */
export function readTime(text: string): TimeOfDay | undefined {
  const parts = /^\s*(\d{1,2})(?:[:.h ]?(\d{2}))?\s*([ap])?\.?m?\.?\s*$/i.exec(text);
  if (!parts) return undefined;
  const half = parts[3]?.toLowerCase();
  const minute = Number(parts[2] ?? 0);
  let hour = Number(parts[1]);
  if (half && (hour < 1 || hour > 12)) return undefined;
  if (half) hour = (hour % 12) + (half === "p" ? 12 : 0);
  return hour < 24 && minute < 60 ? { hour, minute } : undefined;
}

/** Reads "8:00, 20:00": one time or several, in the order of the day, each of them once. */
export function readTimes(text: string): TimeOfDay[] | undefined {
  const times = all(listed(text).map(readTime));
  return times && ordered(times, ({ hour, minute }) => hour * 60 + minute);
}

/** Reads "1, 15, last": days of the month, the last of it at the end. */
export function readMonthDays(text: string): number[] | undefined {
  const days = all(listed(text).map(readMonthDay));
  return days && ordered(days, (day) => (day === LAST_DAY ? DAYS_IN_MONTH + 1 : day));
}

function readMonthDay(text: string): number | undefined {
  if (text.toLowerCase() === t.plans.timing.last) return LAST_DAY;
  const day = Number(/^(\d{1,2})\.?$/.exec(text)?.[1]);
  return day >= 1 && day <= DAYS_IN_MONTH ? day : undefined;
}

/** Reads five fields, or a word like "@daily". What they mean, and whether they do, the app says. */
export function readLine(text: string): string | undefined {
  const line = text.trim().replace(/\s+/g, " ");
  return /^(@[a-z]+|\S+( \S+){4})$/.test(line) ? line : undefined;
}

/** What stands between commas. */
function listed(text: string): string[] {
  return text
    .split(/[,;]/)
    .map((part) => part.trim())
    .filter(Boolean);
}

/** The values, if there is at least one and none of them is missing. */
function all<T>(values: (T | undefined)[]): T[] | undefined {
  const found = values.filter((value) => value !== undefined);
  return found.length > 0 && found.length === values.length ? found : undefined;
}

function ordered<T>(values: T[], rank: (value: T) => number): T[] {
  const byRank = new Map(values.map((value) => [rank(value), value]));
  return [...byRank].sort(([one], [other]) => one - other).map(([, value]) => value);
}

/** A timing in words: when, in which hours, and how far it is spread. */
export function timingWords({ schedule, window, spreadMinutes }: Timing): string {
  const { windowWords, spreadWords } = t.plans.timing;
  const parts = [scheduleWords(schedule)];
  if (schedule.type === "manual") return parts.join();
  if (window) parts.push(windowWords(clockTime(window.from), clockTime(window.to), onDays(window)));
  if (spreadMinutes > 0) parts.push(spreadWords(spreadMinutes));
  return parts.join(", ");
}

/** A schedule in words. */
export function scheduleWords(schedule: Schedule): string {
  switch (schedule.type) {
    case "manual":
      return t.plans.form.manual;
    case "every":
      return interval(schedule.count, schedule.unit);
    case "weekly":
      return isWholeWeek(schedule.days)
        ? t.plans.form.dailyAt(clockTimes(schedule.times))
        : t.plans.form.onDays(dayNames(schedule.days), clockTimes(schedule.times));
    case "monthly":
      return t.plans.form.monthly(schedule.days, clockTimes(schedule.times));
    case "cron":
      return t.plans.form.fiveFields(schedule.line);
  }
}

function interval(count: number, unit: IntervalUnit): string {
  const words = {
    minutes: t.plans.form.everyMinutes,
    hours: t.plans.form.everyHours,
    days: t.plans.form.everyDays,
  };
  return words[unit](count);
}

/** The days of a window, where they are not all of them. */
function onDays({ days }: Window): string {
  return isWholeWeek(days) ? "" : dayNames(days).join(", ");
}

function dayNames(days: Weekday[]): string[] {
  return WEEK.filter((day) => days.includes(day)).map((day) => t.plans.weekday[day]);
}

export function isWholeWeek(days: Weekday[]): boolean {
  return WEEK.every((day) => days.includes(day));
}

/** "08:00, 20:00", for a field. */
export function clockTimes(times: TimeOfDay[]): string {
  return times.map(clockTime).join(", ");
}

/** "1, 15, last", for a field. */
export function monthDays(days: number[]): string {
  return days.map((day) => (day === LAST_DAY ? t.plans.timing.last : day)).join(", ");
}

/** "20:05". */
export function clockTime({ hour, minute }: TimeOfDay): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(hour)}:${two(minute)}`;
}

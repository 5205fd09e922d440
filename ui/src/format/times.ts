// Moments as people say them, and exactly. Pure functions of the moment and of now, in the
// computer's own time zone.
import { words } from "./words";

const LOCALE = words.locale;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: "long" });
const dayMonth = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const dayMonthYear = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  year: "numeric",
});
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "medium" });
const longDay = new Intl.DateTimeFormat(LOCALE, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const longMonth = new Intl.DateTimeFormat(LOCALE, { month: "long", year: "numeric" });
const stamp = new Intl.DateTimeFormat(LOCALE, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

function startOfDay(at: number): number {
  const day = new Date(at);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

/** Whole calendar days from now to the moment; a day of 23 or 25 hours still counts as one. */
function daysAway(at: number, now: number): number {
  return Math.round((startOfDay(at) - startOfDay(now)) / DAY);
}

/** "just now", "5 minutes ago", "today 14:05", "yesterday 02:00", "3 days ago", "12 Nov". */
export function formatMoment(at: number, now: number): string {
  const past = now - at;
  if (Math.abs(past) < MINUTE) return past >= 0 ? words.justNow : words.inAMoment;
  if (past > 0 && past < 60 * MINUTE) return words.minutesAgo(Math.floor(past / MINUTE));
  if (past < 0 && -past < 60 * MINUTE) return words.inMinutes(Math.ceil(-past / MINUTE));
  const days = daysAway(at, now);
  if (days === 0) return words.todayAt(clock.format(at));
  if (days === -1) return words.yesterdayAt(clock.format(at));
  if (days === 1) return words.tomorrowAt(clock.format(at));
  if (days > 1 && days < 7) return words.weekdayAt(weekday.format(at), clock.format(at));
  if (days < 0 && days > -7) return words.daysAgo(-days);
  return formatDate(at, now);
}

/** "12 Nov", or "12 Nov 2024" when the year is another one. */
export function formatDate(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayMonth : dayMonthYear).format(at);
}

/** "today", "yesterday", "Thursday 19 November": the heading over a day's entries. */
export function formatDayHeading(at: number, now: number): string {
  const days = daysAway(at, now);
  if (days === 0) return words.today;
  if (days === -1) return words.yesterday;
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const day = longDay.format(at);
  return sameYear ? day : words.dayOfYear(day, new Date(at).getFullYear());
}

/** "21 Nov 2026, 14:05", for columns. */
export function formatStamp(at: number): string {
  return stamp.format(at);
}

/** The exact moment, for hover and for screen readers. */
export function formatExact(at: number): string {
  return exact.format(at);
}

export function formatClock(at: number): string {
  return clock.format(at);
}

/** A calendar day as the wire gives it ("2026-11-21"), in words. */
export function formatDay(day: string): string {
  const [year, month, date] = day.split("-").map(Number);
  return longDay.format(new Date(year ?? 1970, (month ?? 1) - 1, date ?? 1));
}

/** "November 2026": the heading over a month's entries. */
export function formatMonthHeading(at: number): string {
  return longMonth.format(at);
}

function startOfMonth(at: number): number {
  const day = new Date(startOfDay(at));
  day.setDate(1);
  return day.getTime();
}

type Grouped<T> = [start: number, things: T[]][];

/** Things by the calendar day they belong to, in the order they come. */
export function byDay<T>(things: T[], at: (thing: T) => number): Grouped<T> {
  return grouped(things, (thing) => startOfDay(at(thing)));
}

/** Things by the calendar month they belong to, in the order they come. */
export function byMonth<T>(things: T[], at: (thing: T) => number): Grouped<T> {
  return grouped(things, (thing) => startOfMonth(at(thing)));
}

function grouped<T>(things: T[], keyOf: (thing: T) => number): Grouped<T> {
  const groups = new Map<number, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    const group = groups.get(key);
    if (group) group.push(thing);
    else groups.set(key, [thing]);
  }
  return [...groups];
}

// Timings as the form offers them and as they are said: daily, every few hours, by hand, or
// whatever else the plan has, which the form keeps as it is.
import type { IntervalUnit, Schedule, TimeOfDay, Weekday } from "@/api/types";
import { t } from "@/copy";

export type ScheduleKind = "dailyAt" | "everyHours" | "manual" | "other";

const WEEK: Weekday[] = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
];

export function dailyAt(time: TimeOfDay): Schedule {
  return { type: "weekly", days: [...WEEK], times: [time] };
}

export function everyHours(count: number): Schedule {
  return { type: "every", count, unit: "hours" };
}

/** Which of the form's choices a schedule is. */
export function kindOf(schedule: Schedule): ScheduleKind {
  if (schedule.type === "manual") return "manual";
  if (schedule.type === "every" && schedule.unit === "hours") return "everyHours";
  const isDaily = schedule.type === "weekly" && isWholeWeek(schedule.days);
  return isDaily && schedule.times.length === 1 ? "dailyAt" : "other";
}

/** "20:05" of a daily schedule, for a time field. */
export function timeOf(schedule: Schedule): string {
  const [time] = kindOf(schedule) === "dailyAt" && "times" in schedule ? schedule.times : [];
  return time ? clockTime(time) : "";
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
        : t.plans.form.onDays(
            WEEK.filter((day) => schedule.days.includes(day)).map((day) => t.plans.weekday[day]),
            clockTimes(schedule.times),
          );
    case "monthly":
      return t.plans.form.monthly(schedule.days, clockTimes(schedule.times));
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

function isWholeWeek(days: Weekday[]): boolean {
  return WEEK.every((day) => days.includes(day));
}

function clockTimes(times: TimeOfDay[]): string {
  return times.map(clockTime).join(", ");
}

function clockTime({ hour, minute }: TimeOfDay): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(hour)}:${two(minute)}`;
}

// A timing while it is chosen. What is typed stays as it was typed; what it means is read from it,
// and while something cannot be read the form says what is missing. Used for plans and for whatever
// else runs at its own time.
import type { Client } from "@/api/client";
import type { IntervalUnit, Schedule, Timing, Weekday, Window } from "@/api/types";
import { t } from "@/copy";
import {
  WEEK,
  clockTime,
  clockTimes,
  dailyAt,
  isWholeWeek,
  monthDays,
  readLine,
  readMonthDays,
  readTime,
  readTimes,
} from "./timing";

/** The ways in which a timing can be chosen; the first three are enough for most. */
export type ScheduleKind = "dailyAt" | "every" | "manual" | "onDays" | "monthly" | "cron";

export const EASY: ScheduleKind[] = ["dailyAt", "every", "manual"];
export const FURTHER: ScheduleKind[] = ["onDays", "monthly", "cron"];

const LIMITS: Record<IntervalUnit, [least: number, most: number]> = {
  minutes: [5, 1440],
  hours: [1, 8784],
  days: [1, 366],
};
const WORKDAYS = WEEK.slice(0, 5);

export const EVENING: Timing = { schedule: dailyAt({ hour: 20, minute: 0 }), spreadMinutes: 0 };

export class TimingForm {
  kind = $state<ScheduleKind>("dailyAt");
  times = $state("20:00");
  count = $state("4");
  unit = $state<IntervalUnit>("hours");
  weekdays = $state<Weekday[]>(WORKDAYS);
  monthDays = $state("1");
  /** Five fields, as a crontab has them. */
  line = $state("0 20 * * *");
  /** Whether it may begin only in the hours below. */
  isWindowed = $state(false);
  from = $state("22:00");
  to = $state("06:00");
  windowDays = $state<Weekday[]>(WEEK);
  spreadMinutes = $state(0);
  /** The next runs with the timing as it is now, as the app counts them. */
  upcoming = $state.raw<number[]>([]);
  /** True once the app has counted them and there are none. */
  neverRuns = $state(false);
  #before = EVENING;

  constructor(timing: Timing = EVENING) {
    this.load(timing);
  }

  load(timing: Timing): void {
    this.#before = structuredClone($state.snapshot(timing));
    const { schedule, window, spreadMinutes } = this.#before;
    this.kind = kindOf(schedule);
    if ("times" in schedule) this.times = clockTimes(schedule.times);
    if (schedule.type === "weekly" && this.kind === "onDays") this.weekdays = schedule.days;
    if (schedule.type === "monthly") this.monthDays = monthDays(schedule.days);
    if (schedule.type === "cron") this.line = schedule.line;
    if (schedule.type === "every") {
      this.count = String(schedule.count);
      this.unit = schedule.unit;
    }
    this.isWindowed = window !== undefined;
    if (window) {
      this.from = clockTime(window.from);
      this.to = clockTime(window.to);
      this.windowDays = window.days;
    }
    this.spreadMinutes = spreadMinutes;
  }

  get timesError(): string | undefined {
    return readTimes(this.times) ? undefined : t.plans.form.timeWrong;
  }

  get countError(): string | undefined {
    return this.#count === undefined ? t.plans.timing.countWrong(...LIMITS[this.unit]) : undefined;
  }

  get monthDaysError(): string | undefined {
    return readMonthDays(this.monthDays) ? undefined : t.plans.timing.monthDaysWrong;
  }

  get lineError(): string | undefined {
    return readLine(this.line) ? undefined : t.plans.timing.lineWrong;
  }

  get fromError(): string | undefined {
    return readTime(this.from) ? undefined : t.plans.form.timeWrong;
  }

  get toError(): string | undefined {
    if (!readTime(this.to)) return t.plans.form.timeWrong;
    return this.#isEmptyWindow ? t.plans.timing.windowEmpty : undefined;
  }

  /** What keeps it from being a timing, in words; nothing when it is whole. */
  get missing(): string | undefined {
    if (!this.#schedule) return t.plans.timing.needsTiming;
    if (this.#isRestricted && !this.#window) return t.plans.timing.needsHours;
    return undefined;
  }

  /** The timing; while something cannot be read, as it was before. */
  get timing(): Timing {
    const schedule = this.#schedule;
    const window = this.#isRestricted ? this.#window : undefined;
    if (!schedule || this.missing) return this.#before;
    const spreadMinutes = this.kind === "manual" ? 0 : this.spreadMinutes;
    return { schedule, spreadMinutes, ...(window && { window }) };
  }

  /** Asks the app when it would be due. Only the answer to the last question counts. */
  async lookAhead(client: Client, plan?: string): Promise<void> {
    const asked = JSON.stringify([this.timing, this.missing]);
    let runs: number[] | undefined;
    try {
      runs = this.missing ? undefined : await client.upcomingRuns(this.timing, plan);
    } catch {
      // Without an answer nothing is promised; saving says what is wrong.
    }
    if (asked !== JSON.stringify([this.timing, this.missing])) return;
    this.upcoming = runs ?? [];
    this.neverRuns = runs?.length === 0 && this.kind !== "manual";
  }

  get #isRestricted(): boolean {
    return this.isWindowed && this.kind !== "manual";
  }

  get #count(): number | undefined {
    const [least, most] = LIMITS[this.unit];
    const count = /^\s*\d+\s*$/.test(this.count) ? Number(this.count) : 0;
    return count >= least && count <= most ? count : undefined;
  }

  get #schedule(): Schedule | undefined {
    const [times, days, count] = [
      readTimes(this.times),
      readMonthDays(this.monthDays),
      this.#count,
    ];
    switch (this.kind) {
      case "manual":
        return { type: "manual" };
      case "every":
        return count === undefined ? undefined : { type: "every", count, unit: this.unit };
      case "dailyAt":
        return times && { type: "weekly", days: [...WEEK], times };
      case "onDays":
        return times && this.weekdays.length > 0
          ? { type: "weekly", days: inOrder(this.weekdays), times }
          : undefined;
      case "monthly":
        return times && days && { type: "monthly", days, times };
      case "cron": {
        const line = readLine(this.line);
        return line === undefined ? undefined : { type: "cron", line };
      }
    }
  }

  /** Whether it closes as it opens. */
  get #isEmptyWindow(): boolean {
    const [from, to] = [readTime(this.from), readTime(this.to)];
    return from !== undefined && to !== undefined && clockTime(from) === clockTime(to);
  }

  get #window(): Window | undefined {
    const [from, to] = [readTime(this.from), readTime(this.to)];
    if (!from || !to || this.#isEmptyWindow || this.windowDays.length === 0) return undefined;
    return { from, to, days: inOrder(this.windowDays) };
  }
}

const inOrder = (days: Weekday[]) => WEEK.filter((day) => days.includes(day));

/** Which of the form's choices a schedule is. */
export function kindOf(schedule: Schedule): ScheduleKind {
  if (schedule.type !== "weekly") return schedule.type;
  return isWholeWeek(schedule.days) ? "dailyAt" : "onDays";
}

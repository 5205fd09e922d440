// Lengths of time, in the largest unit that still tells something.
import { words } from "./words";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "3 days", "2 hours", "5 minutes", "12 seconds". */
export function formatDuration(millis: number): string {
  const length = Math.max(0, millis);
  if (length >= 2 * DAY) return words.days(Math.floor(length / DAY));
  if (length >= HOUR) return words.hours(Math.floor(length / HOUR));
  if (length >= MINUTE) return words.minutes(Math.floor(length / MINUTE));
  return words.seconds(Math.round(length / SECOND));
}

/** "1 h 5 min", "3 min 20 s", "12 s": how long something took. */
export function formatElapsed(millis: number): string {
  const { hour, minute, second } = words.elapsed;
  const seconds = Math.max(0, Math.round(millis / SECOND));
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} ${second}`;
  if (minutes < 60) return pair(minutes, minute, seconds % 60, second);
  return pair(Math.floor(minutes / 60), hour, minutes % 60, minute);
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/** Time left, rounded so that it does not flicker: "about 3 minutes left". */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 10) return words.secondsLeftFew;
  if (seconds < 55) return words.left(words.seconds(Math.ceil(seconds / 10) * 10));
  if (seconds < 55 * 60) return words.left(words.minutes(Math.max(1, Math.round(seconds / 60))));
  return words.left(words.hours(Math.round(seconds / 1800) / 2));
}

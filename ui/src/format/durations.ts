// Lengths of time, in the largest unit that still tells something.
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

/** "3 days", "2 hours", "5 minutes", "12 seconds". */
export function formatDuration(millis: number): string {
  const length = Math.max(0, millis);
  if (length >= 2 * DAY) return counted(Math.floor(length / DAY), "day");
  if (length >= HOUR) return counted(Math.floor(length / HOUR), "hour");
  if (length >= MINUTE) return counted(Math.floor(length / MINUTE), "minute");
  return counted(Math.round(length / SECOND), "second");
}

/** "1 h 5 min", "3 min 20 s", "12 s": how long something took. */
export function formatElapsed(millis: number): string {
  const seconds = Math.max(0, Math.round(millis / SECOND));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  return minutes % 60
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} min`
    : `${Math.floor(minutes / 60)} h`;
}

/** Time left, rounded so that it does not flicker: "about 3 minutes left". */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 10) return "a few seconds left";
  if (seconds < 55) return `about ${Math.ceil(seconds / 10) * 10} seconds left`;
  if (seconds < 55 * 60) return `about ${counted(Math.max(1, Math.round(seconds / 60)), "minute")} left`;
  const hours = Math.round(seconds / 1800) / 2;
  return hours === 1 ? "about 1 hour left" : `about ${hours} hours left`;
}

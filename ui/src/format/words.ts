// The words that formats are made of, in one language. Another language is a second object of type
// `FormatWords`, chosen together with `copy/`.

function counted(count: number, one: string): string {
  return `${count.toLocaleString("en-GB")} ${one}${count === 1 ? "" : "s"}`;
}

const english = {
  locale: "en-GB",
  units: ["bytes", "KB", "MB", "GB", "TB", "PB"],
  bytes: (count: number) => counted(count, "byte"),
  percent: (percent: number) => `${percent} %`,

  days: (count: number) => counted(count, "day"),
  hours: (count: number) => counted(count, "hour"),
  minutes: (count: number) => counted(count, "minute"),
  seconds: (count: number) => counted(count, "second"),
  elapsed: { hour: "h", minute: "min", second: "s" },
  secondsLeftFew: "a few seconds left",
  left: (length: string) => `about ${length} left`,

  justNow: "just now",
  inAMoment: "in a moment",
  minutesAgo: (count: number) => `${counted(count, "minute")} ago`,
  inMinutes: (count: number) => `in ${counted(count, "minute")}`,
  daysAgo: (count: number) => `${counted(count, "day")} ago`,
  todayAt: (clock: string) => `today ${clock}`,
  yesterdayAt: (clock: string) => `yesterday ${clock}`,
  tomorrowAt: (clock: string) => `tomorrow ${clock}`,
  weekdayAt: (weekday: string, clock: string) => `${weekday} ${clock}`,
  today: "Today",
  yesterday: "Yesterday",
  dayOfYear: (day: string, year: number) => `${day} ${year}`,
};

export type FormatWords = typeof english;

export const words: FormatWords = english;

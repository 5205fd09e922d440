// Sizes as people read them: decimal units, three significant figures at most.
const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB"] as const;

export function formatBytes(bytes: number): string {
  let amount = Math.max(0, bytes);
  let unit = 0;
  // 999.5 KB would round to "1000 KB", so the step up comes before the rounding does.
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  if (unit === 0) return `${Math.round(amount)} ${amount === 1 ? "byte" : "bytes"}`;
  const digits = amount < 9.95 ? 1 : 0;
  return `${amount.toFixed(digits).replace(/\.0$/, "")} ${UNITS[unit] ?? "PB"}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString("en-GB");
}

export function formatPercent(fraction: number): string {
  // "100 %" is kept for what is finished.
  const percent = fraction >= 1 ? 100 : Math.min(99, Math.floor(fraction * 100));
  return `${Math.max(0, percent)} %`;
}

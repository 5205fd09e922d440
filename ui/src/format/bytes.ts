// Sizes and counts as people read them: decimal units, three significant figures at most.
import { words } from "./words";

export function formatBytes(bytes: number): string {
  let amount = Math.max(0, bytes);
  let unit = 0;
  // 999.5 KB would round to "1000 KB", so the step up comes before the rounding does.
  while (amount >= 999.5 && unit < words.units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  if (unit === 0) return words.bytes(Math.round(amount));
  const digits = amount < 9.95 ? 1 : 0;
  return `${amount.toFixed(digits).replace(/\.0$/, "")} ${words.units[unit] ?? ""}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString(words.locale);
}

export function formatPercent(fraction: number): string {
  // A hundred is kept for what is finished.
  const percent = fraction >= 1 ? 100 : Math.min(99, Math.floor(fraction * 100));
  return words.percent(Math.max(0, percent));
}

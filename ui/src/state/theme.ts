// Puts the theme on the document: the chosen one, or the system's, followed while it changes.
import type { Theme } from "@/api/types";

const dark = matchMedia("(prefers-color-scheme: dark)");
let chosen: Theme = "system";

function draw(): void {
  const isDark = chosen === "dark" || (chosen === "system" && dark.matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
}

export function applyTheme(theme: Theme): void {
  chosen = theme;
  draw();
}

export function followSystemTheme(): void {
  dark.addEventListener("change", draw);
  draw();
}

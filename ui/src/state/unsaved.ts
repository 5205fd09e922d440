// Whether the window holds anything that would be lost with it. The shell asks before it unmakes a
// window that has been hidden for some time (`window.rs`).
import { cart } from "./cart.svelte";
import { router, type Page } from "./router.svelte";

/** Pages that are one thing being made, some of it by the system's dialogs. */
const MAKING: Page["name"][] = ["start", "newPlan", "newRepository", "restore"];

declare global {
  interface Window {
    /** Asked by the shell; it knows the name. */
    holdsUnsaved?: () => boolean;
  }
}

/**
 * Watches what is typed and chosen. What a person did to the fields of a page counts until the
 * page is left: whether it was saved since is not asked, for keeping a window costs only memory.
 */
export function watchUnsaved(on: Window): void {
  let isTouched = false;
  const touch = () => (isTouched = true);
  on.document.addEventListener("input", touch, { capture: true, passive: true });
  on.addEventListener("hashchange", () => (isTouched = false));
  on.holdsUnsaved = () => isTouched || cart.count > 0 || MAKING.includes(router.page.name);
}

// Where the window is. The place lives in the address (`#/plans/home`), so that going back works
// and a test can start anywhere.
import type { Route } from "@/api/types";

export type Page =
  | { name: "overview" }
  | { name: "start" }
  | { name: "plans" }
  | { name: "newPlan" }
  | { name: "plan"; id: string }
  | { name: "snapshots"; repository?: string; plan?: string }
  /** Without a path it opens at the first folder that holds more than one other. */
  | { name: "snapshot"; repository: string; snapshot: string; path: string }
  | { name: "restore" }
  | { name: "activity"; plan?: string }
  | { name: "operation"; id: string }
  | { name: "repositories" }
  | { name: "newRepository" }
  | { name: "repository"; id: string }
  | { name: "doctor" }
  | { name: "settings" }
  | { name: "newHook" }
  | { name: "hook"; id: string };

export function addressOf(page: Page): string {
  switch (page.name) {
    case "overview":
      return "#/";
    case "newPlan":
      return "#/plans/new";
    case "plan":
      return `#/plans/${encodeURIComponent(page.id)}`;
    case "snapshots":
      return withQuery("#/snapshots", { repository: page.repository, plan: page.plan });
    case "snapshot":
      return withQuery(
        `#/snapshots/${encodeURIComponent(page.repository)}/${encodeURIComponent(page.snapshot)}`,
        { path: page.path },
      );
    case "activity":
      return withQuery("#/activity", { plan: page.plan });
    case "operation":
      return `#/activity/${encodeURIComponent(page.id)}`;
    case "newRepository":
      return "#/repositories/new";
    case "repository":
      return `#/repositories/${encodeURIComponent(page.id)}`;
    case "newHook":
      return "#/settings/hooks/new";
    case "hook":
      return `#/settings/hooks/${encodeURIComponent(page.id)}`;
    default:
      return `#/${page.name}`;
  }
}

function withQuery(address: string, values: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, value);
  const text = query.toString();
  return text ? `${address}?${text}` : address;
}

/** The page an address names; an address that names none is the overview. */
export function pageAt(address: string): Page {
  const [way = "", search = ""] = address.replace(/^#\/?/, "").split("?");
  const [first, second, third] = way.split("/").map(decodeURIComponent);
  const query = new URLSearchParams(search);
  const plan = query.get("plan") ?? undefined;
  switch (first) {
    case "start":
    case "restore":
    case "doctor":
      return { name: first };
    case "settings":
      if (second !== "hooks" || !third) return { name: "settings" };
      return third === "new" ? { name: "newHook" } : { name: "hook", id: third };
    case "plans":
      if (!second) return { name: "plans" };
      return second === "new" ? { name: "newPlan" } : { name: "plan", id: second };
    case "snapshots":
      if (second && third) {
        const path = query.get("path") ?? "";
        return { name: "snapshot", repository: second, snapshot: third, path };
      }
      return { name: "snapshots", repository: query.get("repository") ?? undefined, plan };
    case "activity":
      return second ? { name: "operation", id: second } : { name: "activity", plan };
    case "repositories":
      if (!second) return { name: "repositories" };
      return second === "new" ? { name: "newRepository" } : { name: "repository", id: second };
    default:
      return { name: "overview" };
  }
}

/** The page a notice or the tray asks for. */
export function pageOf(route: Route): Page {
  switch (route.type) {
    case "plan":
      return { name: "plan", id: route.plan };
    case "repository":
    case "enterPassword":
      return { name: "repository", id: route.repository };
    case "operation":
      return { name: "operation", id: route.operation };
    default:
      return { name: route.type };
  }
}

class Router {
  page = $state<Page>({ name: "overview" });

  start(): void {
    this.page = pageAt(location.hash);
    addEventListener("hashchange", () => (this.page = pageAt(location.hash)));
  }

  go(page: Page): void {
    location.hash = addressOf(page);
    this.page = page;
  }

  /** Goes there without leaving the present page in the way back. */
  replace(page: Page): void {
    history.replaceState(null, "", addressOf(page));
    this.page = page;
  }
}

export const router = new Router();

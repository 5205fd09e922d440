import { expect, it, vi } from "vitest";
import type { Client } from "@/api/client";
import type { AppEvent, OperationView, Overview, Progress, Route, Settings } from "@/api/types";
import { joinedWords, possibleActions } from "./actions";
import { announcer } from "./announcer.svelte";
import { Live } from "./live.svelte";
import { router } from "./router.svelte";

const works = { available: true };
const settings = { theme: "system" } as Settings;

const progress = (bytesDone: number): Progress => ({
  phase: "working",
  filesDone: 0,
  bytesDone,
  bytesTotal: 100,
  exact: true,
});

const operation: OperationView = {
  id: "op-1",
  run: "run-1",
  kind: "backup",
  plan: "documents",
  planName: "Documents",
  repository: "blue",
  repositoryName: "Blue SSD",
  state: "running",
  trigger: "manual",
  queuedAt: 0,
  findings: 0,
};

const overview = (running: OperationView[]): Overview => ({
  health: "protected",
  plans: [],
  repositories: [],
  running,
  recent: [],
  services: { keychain: works, notifications: works, tray: works, autostart: works },
  problems: [],
  concerns: [],
  firstStart: false,
});

const busy = {
  code: "repositoryLocked",
  title: "The repository is in use",
  meaning: "",
  advice: "",
  actions: ["unlockAndRetry", "retry", "openSettings"],
} as const;

async function started() {
  let tell: (event: AppEvent) => void = () => undefined;
  let listeners = 0;
  let failures = 0;
  let refused = false;
  let wanted: Route | null = null;
  const cancelled: string[] = [];
  const client = {
    listen: (on: (event: AppEvent) => void) => {
      tell = on;
      listeners += 1;
      return Promise.resolve(() => undefined);
    },
    overview: () =>
      failures-- > 0 ? Promise.reject(new Error("asleep")) : Promise.resolve(overview([operation])),
    wantedPlace: () => Promise.resolve(wanted),
    settings: () => Promise.resolve(settings),
    cancelOperation: (id: string) => {
      cancelled.push(id);
      return refused ? Promise.reject(busy) : Promise.resolve(null);
    },
  } as unknown as Client;
  const live = new Live(client);
  return {
    live,
    cancelled,
    refuseStop: () => (refused = true),
    failOnce: () => (failures = 1),
    want: (place: Route) => (wanted = place),
    listeners: () => listeners,
    tell: (event: AppEvent) => tell(event),
  };
}

it("a start that failed can be tried again and listens once", async () => {
  const { live, failOnce, listeners } = await started();
  failOnce();
  await live.start();
  expect(live.problem?.code).toBe("unexpected");
  await live.start();
  expect(live.problem).toBeNull();
  expect(live.overview?.running).toHaveLength(1);
  expect(listeners()).toBe(1);
});

it("a window opens at what was asked for while there was none", async () => {
  vi.stubGlobal("location", { hash: "" });
  const { live, want } = await started();
  want({ type: "operation", operation: "op-1" });
  await live.start();
  expect(router.page).toEqual({ name: "operation", id: "op-1" });
});

it("an overview that was made before the last progress does not set the bar back", async () => {
  const { live, tell } = await started();
  await live.start();
  tell({ type: "progress", operation: "op-1", progress: progress(60) });
  const older = { ...operation, progress: progress(40) };
  tell({ type: "overview", overview: overview([older]) });
  expect(live.running[0]?.progress?.bytesDone).toBe(60);
});

it("progress is announced in steps, a failure at once", async () => {
  const { live, tell } = await started();
  await live.start();
  tell({ type: "progress", operation: "op-1", progress: progress(26) });
  expect(announcer.polite).toBe("Backing up Documents: 26 %");
  tell({ type: "progress", operation: "op-1", progress: progress(30) });
  expect(announcer.polite).toBe("Backing up Documents: 26 %");
  const failed: OperationView = {
    ...operation,
    state: "failed",
    problem: { ...busy, actions: [...busy.actions] },
  };
  tell({ type: "operation", operation: failed });
  expect(announcer.urgent).toBe("Backup of Documents failed. The repository is in use");
  expect(live.ended).toBe(1);
});

it.each([
  ["interrupted", "Backup of Documents was interrupted."],
  ["warnings", "Backup of Documents finished with warnings."],
  ["cancelled", "Backup of Documents stopped."],
  ["succeeded", "Backup of Documents finished."],
] as const)("the end of a backup that is %s is told as it was", async (state, said) => {
  const { live, tell } = await started();
  await live.start();
  tell({ type: "operation", operation: { ...operation, state } });
  expect(announcer.polite.trim()).toBe(said);
});

it("an operation is stopping until it has ended, however soon the request is taken", async () => {
  const { live, tell, cancelled } = await started();
  await live.start();
  await live.stop("op-1");
  expect(cancelled).toEqual(["op-1"]);
  expect(live.isStopping("op-1")).toBe(true);
  tell({ type: "progress", operation: "op-1", progress: progress(90) });
  expect(live.isStopping("op-1")).toBe(true);
  tell({ type: "operation", operation: { ...operation, state: "cancelled" } });
  expect(live.isStopping("op-1")).toBe(false);
});

it("a stop that was refused leaves the way to try it again", async () => {
  const { live, refuseStop } = await started();
  await live.start();
  refuseStop();
  await expect(live.stop("op-1")).rejects.toBeDefined();
  expect(live.isStopping("op-1")).toBe(false);
});

it.each([
  [
    { started: "running", progress: progress(40) },
    "Documents is being backed up already, since just now: 40 % done.",
  ],
  [{ started: "running" }, "Documents is being backed up already, since just now."],
  [{ started: "queued" }, "Documents waits for its turn already, since just now."],
] as const)("who asks again is told since when and how far: %o", (joined, said) => {
  const live = { ...operation, state: joined.started };
  const answer = { operation: "op-1", joined: true, since: Date.now(), ...joined };
  expect(joinedWords("Documents", live, answer, Date.now())).toBe(said);
});

it("a problem offers only the buttons that can be pressed from where it is shown", () => {
  const problem = { ...busy, actions: [...busy.actions] };
  expect(possibleActions(problem, {})).toEqual(["openSettings"]);
  expect(possibleActions(problem, { repository: "blue" })).toEqual([
    "unlockAndRetry",
    "openSettings",
  ]);
  expect(possibleActions(problem, { operation })).toEqual(busy.actions);
});

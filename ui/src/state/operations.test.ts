import { expect, it } from "vitest";
import type { OperationView, Overview, Progress } from "@/api/types";
import { fractionOf, titleOf, withoutGoingBack, withOperation, withProgress } from "./operations";

const progress = (bytesDone: number, more: Partial<Progress> = {}): Progress => ({
  phase: "working",
  filesDone: 0,
  bytesDone,
  bytesTotal: 100,
  exact: true,
  ...more,
});

const operation = (id: string, more: Partial<OperationView> = {}): OperationView => ({
  id,
  run: "run",
  kind: "backup",
  planName: "Documents",
  repository: "blue",
  repositoryName: "Blue SSD",
  state: "running",
  trigger: "manual",
  queuedAt: 0,
  findings: 0,
  ...more,
});

const overview = (running: OperationView[]): Overview => ({
  health: "protected",
  plans: [],
  repositories: [],
  running,
  recent: [],
  services: {
    keychain: { available: true },
    notifications: { available: true },
    tray: { available: true },
    autostart: { available: true },
  },
  problems: [],
  concerns: [],
  firstStart: false,
});

it("progress never goes backwards, even when the total grows", () => {
  const shown = progress(50);
  expect(fractionOf(withoutGoingBack(shown, progress(60, { bytesTotal: 200 })))).toBe(0.5);
  expect(fractionOf(withoutGoingBack(shown, progress(70)))).toBe(0.7);
});

it("another phase begins where it is", () => {
  const verifying = progress(10, { phase: "verifying" });
  expect(withoutGoingBack(progress(90), verifying)).toBe(verifying);
});

it("waiting for a lock has no part done", () => {
  expect(fractionOf(progress(50, { phase: "waitingForLock" }))).toBeUndefined();
  expect(fractionOf(undefined)).toBeUndefined();
});

it("an operation that ended leaves what runs and leads what is recent", () => {
  const after = withOperation(overview([operation("a"), operation("b")]), {
    ...operation("a"),
    state: "succeeded",
  });
  expect(after.running.map((one) => one.id)).toEqual(["b"]);
  expect(after.recent.map((one) => one.id)).toEqual(["a"]);
});

it("an operation that changes keeps the progress that was shown", () => {
  const before = withProgress(overview([operation("a")]), "a", progress(40));
  const after = withOperation(before, operation("a", { findings: 2 }));
  expect(after.running[0]?.progress?.bytesDone).toBe(40);
  expect(after.running[0]?.findings).toBe(2);
});

it("is called by what it is of, and by what it does while it runs", () => {
  expect(titleOf(operation("a"))).toBe("Backing up Documents");
  expect(titleOf(operation("a", { state: "failed" }))).toBe("Backup of Documents");
});

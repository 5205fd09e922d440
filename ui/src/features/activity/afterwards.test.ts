import { expect, it } from "vitest";
import type { OperationKind, OperationState, OperationView, ProblemAction } from "@/api/types";
import { afterwards } from "./afterwards";

const operation = (
  kind: OperationKind,
  state: OperationState,
  more: Partial<OperationView> = {},
): OperationView => ({
  id: "op-1",
  run: "run-1",
  kind,
  repository: "blue",
  repositoryName: "Blue SSD",
  state,
  trigger: "manual",
  queuedAt: 0,
  findings: 0,
  ...more,
});

it.each([
  ["backup", "cancelled", "It was stopped. What was stored until then is kept and used next time."],
  [
    "restore",
    "cancelled",
    "It was stopped. Files that were restored until then stay; the others were not touched. The snapshot is unchanged.",
  ],
  [
    "verify",
    "interrupted",
    "Holdfast or the computer ended while it ran. Nothing was changed; verify again to have a result.",
  ],
  [
    "forget",
    "cancelled",
    "It was stopped. Snapshots that were removed until then are gone; the others stay complete.",
  ],
] as const)("a %s that was %s says what is left of it", (kind, state, words) =>
  expect(afterwards(operation(kind, state)).words).toBe(words),
);

it("a restore is chosen again, for its preview is no longer true", () => {
  expect(afterwards(operation("restore", "cancelled")).way).toEqual({
    do: "chooseAgain",
    page: { name: "snapshots", repository: "blue" },
  });
  const summary = { snapshot: "6b1f" } as OperationView["summary"];
  expect(afterwards(operation("restore", "failed", { summary })).way).toEqual({
    do: "chooseAgain",
    page: { name: "snapshot", repository: "blue", snapshot: "6b1f", path: "" },
  });
});

it("what can be done again by itself is retried, unless its problem offers that already", () => {
  expect(afterwards(operation("backup", "failed")).way).toEqual({ do: "retry" });
  expect(afterwards(operation("unlock", "failed")).way).toBeUndefined();
  const problem = { actions: ["retry"] as ProblemAction[] } as OperationView["problem"];
  expect(afterwards(operation("backup", "failed", { problem })).way).toBeUndefined();
});

it("what runs, and what went well, leaves nothing to be done", () => {
  expect(afterwards(operation("backup", "running")).way).toBeUndefined();
  expect(afterwards(operation("backup", "succeeded"))).toEqual({});
});

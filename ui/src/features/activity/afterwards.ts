// What is left of an operation that did not go well, and the one way on from it.
import type { OperationView } from "@/api/types";
import { t } from "@/copy";
import type { Page } from "@/state/router.svelte";

export type Way = { do: "retry" } | { do: "chooseAgain"; page: Page };
export type Afterwards = { words?: string; way?: Way };

const LEAVES_WORK = ["failed", "cancelled", "interrupted", "warnings"];

export function afterwards(operation: OperationView): Afterwards {
  const { state, kind } = operation;
  const after: Afterwards = {};
  if (state === "cancelled" || state === "interrupted") {
    after.words = t.sentences([t.activity.ended[state], t.activity.left[kind]]);
  }
  const way = LEAVES_WORK.includes(state) ? wayOn(operation) : undefined;
  if (way) after.way = way;
  return after;
}

function wayOn(operation: OperationView): Way | undefined {
  const { kind, repository, summary, problem } = operation;
  // Locks are removed by their ids, and those are gone or others by now.
  if (kind === "unlock") return undefined;
  if (kind !== "restore") {
    return problem?.actions.includes("retry") ? undefined : { do: "retry" };
  }
  // A restore does what a preview showed, and the preview of an earlier one is no longer true.
  const page: Page = summary?.snapshot
    ? { name: "snapshot", repository, snapshot: summary.snapshot, path: "" }
    : { name: "snapshots", repository };
  return { do: "chooseAgain", page };
}

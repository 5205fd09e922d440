// Pure rules over operations: what to call them, how far they are, and how the lists change when
// one of them does.
import type { OperationView, Overview, Progress } from "@/api/types";
import { t } from "@/copy";

export function isLive(operation: OperationView): boolean {
  return operation.state === "running" || operation.state === "queued";
}

export function subjectOf(operation: OperationView): string {
  return operation.planName ?? operation.repositoryName;
}

/** "Backing up Documents" while it runs, "Backup of Documents" before and after. */
export function titleOf(operation: OperationView): string {
  const words = operation.state === "running" ? t.running : t.operation;
  return words[operation.kind](subjectOf(operation));
}

/** How much is done, from 0 to 1; nothing when there is nothing to go by yet. */
export function fractionOf(progress: Progress | undefined): number | undefined {
  if (!progress || progress.phase === "waitingForLock") return undefined;
  const { bytesDone, bytesTotal, filesDone, filesTotal } = progress;
  if (bytesTotal) return Math.min(1, bytesDone / bytesTotal);
  if (filesTotal) return Math.min(1, filesDone / filesTotal);
  return undefined;
}

/** Newest totals, but never a smaller part done than was already shown. */
export function withoutGoingBack(before: Progress | undefined, next: Progress): Progress {
  const shown = fractionOf(before);
  const reached = fractionOf(next);
  if (!before || shown === undefined || reached === undefined || reached >= shown) return next;
  if (before.phase !== next.phase) return next;
  return next.bytesTotal
    ? { ...next, bytesDone: Math.min(next.bytesTotal, shown * next.bytesTotal) }
    : { ...next, filesDone: Math.round(shown * (next.filesTotal ?? 0)) };
}

/** The overview after one of its operations changed. */
export function withOperation(overview: Overview, changed: OperationView): Overview {
  const others = overview.running.filter((one) => one.id !== changed.id);
  const known = overview.running.find((one) => one.id === changed.id);
  const merged = { ...changed, progress: changed.progress ?? known?.progress };
  const recent = overview.recent.filter((one) => one.id !== changed.id);
  if (!isLive(changed)) return { ...overview, running: others, recent: [changed, ...recent] };
  const running = known
    ? overview.running.map((one) => (one.id === changed.id ? merged : one))
    : [...others, merged];
  return { ...overview, running, recent };
}

/** The overview after an operation went on. */
export function withProgress(overview: Overview, operation: string, next: Progress): Overview {
  return {
    ...overview,
    running: overview.running.map((one) =>
      one.id === operation ? { ...one, progress: withoutGoingBack(one.progress, next) } : one,
    ),
  };
}

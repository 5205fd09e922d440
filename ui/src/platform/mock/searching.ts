// What the mock answers when somebody searches, asks for versions or compares snapshots.
import type {
  DifferenceView,
  DifferingEntry,
  SearchPage,
  SearchQuery,
  SnapshotView,
  VersionView,
} from "@/api/types";
import { makeEntries } from "./things";

const FOLDER = "/home/ada/Documents";

/** Entries whose names hold each word, in the newest snapshot. */
export function search(query: SearchQuery, snapshots: SnapshotView[]): SearchPage {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const [newest] = snapshots;
  const holdsAll = (name: string) => words.every((word) => name.toLowerCase().includes(word));
  const found =
    words.length === 0 || !newest
      ? []
      : makeEntries(`${FOLDER}/Archive`).filter(
          (entry) => holdsAll(entry.name) && (!query.kind || entry.kind === query.kind),
        );
  const limit = query.limit ?? 100;
  return {
    hits: found.slice(0, limit).map((entry, at) => {
      const isInNewest = at % 5 !== 4;
      const snapshot = snapshots[isInNewest ? 0 : Math.min(3, snapshots.length - 1)] ?? newest;
      return {
        name: entry.name,
        path: entry.path,
        kind: entry.kind,
        size: entry.size,
        modified: entry.modified,
        snapshot: snapshot?.id ?? "",
        snapshotTime: snapshot?.time ?? 0,
        isInNewest,
      };
    }),
    hasMore: found.length > limit,
    searched: snapshots.length,
    snapshots: snapshots.length,
  };
}

/** A file that changed in every fourth snapshot. */
export function versions(snapshots: SnapshotView[]): VersionView[] {
  const found: VersionView[] = [];
  for (let at = 0; at < snapshots.length; at += 4) {
    const having = snapshots.slice(at, at + 4);
    const [newest, oldest] = [having[0], having.at(-1)];
    if (!newest || !oldest) break;
    found.push({
      kind: "file",
      size: 48_000 - at * 310,
      modified: oldest.time - 40_000,
      snapshot: newest.id,
      lastSeen: newest.time,
      firstSeen: oldest.time,
      snapshots: having.length,
    });
  }
  return found;
}

export function difference(): DifferenceView {
  const entries = makeEntries(FOLDER)
    .filter((entry) => entry.kind === "file")
    .slice(0, 12)
    .map((entry, at): DifferingEntry => {
      const change = (["changed", "added", "changed", "removed", "touched"] as const)[at % 5];
      return {
        path: entry.path,
        kind: entry.kind,
        change: change ?? "changed",
        modified: entry.modified,
        ...(change === "added" ? {} : { sizeBefore: Math.round(entry.size * 0.9) }),
        ...(change === "removed" ? {} : { sizeAfter: entry.size }),
      };
    });
  const count = (change: DifferingEntry["change"]) =>
    entries.filter((entry) => entry.change === change).length;
  return {
    entries,
    added: count("added"),
    removed: count("removed"),
    changed: count("changed"),
    touched: count("touched"),
    isCut: false,
  };
}

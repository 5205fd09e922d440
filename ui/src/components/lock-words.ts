// Who holds a lock, in words. A lock that cannot be read names nobody.
import type { LockView } from "@/api/types";
import { t } from "@/copy";

/** "grace on mac-mini", or as much of it as the lock says. */
export function holderOf({ readable, username, hostname }: LockView): string {
  const words = t.repositories.locks;
  if (!readable) return words.unreadable;
  if (username && hostname) return words.holder(username, hostname);
  return username || hostname || words.nameless;
}

/** The lock on one quiet line. */
export function lockNote(lock: LockView): string {
  const holder = holderOf(lock);
  if (!lock.readable) return holder;
  return lock.verdict === "dead" ? t.overview.lockLeft(holder) : t.overview.inUse(holder);
}

/** The lock that an operation waits for, in a sentence. */
export function inTheWay(lock: LockView): string {
  const holder = holderOf(lock);
  return lock.readable ? t.progress.lockHeld(holder) : t.progress.lockInTheWay(holder);
}

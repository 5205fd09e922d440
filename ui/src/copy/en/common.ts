import { formatCount } from "@/format";

/** "1 file", "1,204 files". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

const conjunction = new Intl.ListFormat("en-GB", { style: "long", type: "conjunction" });
const rules = new Intl.PluralRules("en-GB", { type: "ordinal" });
const ENDINGS: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" };

/** "Monday", "Monday and Friday", "Monday, Tuesday and Friday". */
export function listed(parts: string[]): string {
  return conjunction.format(parts);
}

/** "1st", "22nd", "15th". */
export function ordinal(number: number): string {
  return `${number}${ENDINGS[rules.select(number)] ?? "th"}`;
}

export const common = {
  app: "Holdfast",
  nav: {
    label: "Main",
    overview: "Overview",
    plans: "Plans",
    snapshots: "Snapshots",
    activity: "Activity",
    repositories: "Repositories",
    doctor: "Doctor",
    settings: "Settings",
    running: (count: number) => `${counted(count, "operation")} running`,
    skip: "Skip to content",
    notices: "Notices",
  },
  action: {
    back: "Back",
    cancel: "Cancel",
    continue: "Continue",
    save: "Save",
    discard: "Discard changes",
    close: "Close",
    stop: "Stop",
    retry: "Retry",
    tryAgain: "Try again",
    edit: "Edit",
    remove: "Remove",
    copy: "Copy",
    copied: "Copied",
    choose: "Choose…",
    change: "Change…",
    add: "Add",
    backUpNow: "Back up now",
    open: "Open",
    undo: "Undo",
    show: "Show",
    hide: "Hide",
    more: "Show more",
    dismiss: "Dismiss",
    showInFolder: "Show in folder",
  },
  problem: {
    details: "Details",
    retry: "Retry",
    unlockAndRetry: "Unlock and retry",
    enterPassword: "Enter password",
    openSettings: "Open Settings",
    showDetails: "Show details",
    editPlan: "Edit plan",
    editRepository: "Open repository",
    chooseFolder: "Choose folders",
  },
  loading: "Loading…",
  loadFailed: "This could not be loaded",
  none: "None",
  unknown: "Unknown",
  files: (count: number) => counted(count, "file"),
  folders: (count: number) => counted(count, "folder"),
  items: (count: number) => counted(count, "item"),
  snapshots_: (count: number) => counted(count, "snapshot"),
  minutes: (count: number) => counted(count, "minute"),
  list: listed,
  /** Sentences one after another, each with its full stop. */
  sentences: (parts: string[]) =>
    parts
      .filter(Boolean)
      .map((part) => (/[.?…]$/.test(part) ? part : `${part}.`))
      .join(" "),
  theme: { system: "Like the system", light: "Light", dark: "Dark" },
  progress: {
    label: (what: string) => `${what}: progress`,
    of: (done: string, total: string) => `${done} of ${total}`,
    atLeast: (total: string) => `${total} or more`,
    speed: (bytes: string) => `${bytes}/s`,
    percent: (what: string, percent: number) => `${what}: ${percent} percent`,
    finished: (what: string) => `${what} finished.`,
    warnings: (what: string) => `${what} finished with warnings.`,
    interrupted: (what: string) => `${what} was interrupted.`,
    failed: (what: string, why: string) => `${what} failed. ${why}`,
    cancelled: (what: string) => `${what} stopped.`,
    stopping: "Stopping…",
    stoppingMeans: "It ends as soon as it is safe to.",
    stopMeans: {
      backup: "Stopping is safe: what is already stored is kept and used next time.",
      restore: "Stopping is safe: restored files stay, and the snapshot is unchanged.",
      verify: "Stopping is safe: verifying changes nothing.",
      unlock: "Stopping is safe: every snapshot stays.",
      forget: "Stopping is safe: snapshots that are left stay complete.",
      retention: "Stopping is safe: snapshots that are left stay complete.",
      cleanup: "Stopping is safe: everything a snapshot needs stays.",
      drill: "Stopping is safe: a restore drill changes nothing.",
      copy: "Stopping is safe: what is already copied is kept and used next time.",
      hook: "Stopping is safe: backups are not touched by that.",
    },
    lockHeld: (who: string) => `In use by ${who}.`,
    lockInTheWay: (lock: string) => `${lock} is in the way.`,
    giveUp: (left: string) => `Holdfast waits ${left} more.`,
    strip: "Work in progress",
    several: (count: number) => `${counted(count, "operation")} running`,
    queued: (count: number) => `${formatCount(count)} more waiting`,
    phase: {
      preparing: "Looking for changes",
      waitingForLock: "Waiting for the repository",
      working: "Working",
      verifying: "Verifying",
      committing: "Finishing",
    },
  },
  running: {
    backup: (name: string) => `Backing up ${name}`,
    restore: (name: string) => `Restoring from ${name}`,
    verify: (name: string) => `Verifying ${name}`,
    unlock: (name: string) => `Unlocking ${name}`,
    forget: (name: string) => `Removing snapshots from ${name}`,
    retention: (name: string) => `Removing old snapshots of ${name}`,
    cleanup: (name: string) => `Freeing space in ${name}`,
    drill: (name: string) => `Trying a restore from ${name}`,
    copy: (name: string) => `Copying snapshots of ${name}`,
    hook: (name: string) => `Telling of ${name}`,
  },
  operation: {
    backup: (name: string) => `Backup of ${name}`,
    restore: (name: string) => `Restore from ${name}`,
    verify: (name: string) => `Verification of ${name}`,
    unlock: (name: string) => `Unlocking of ${name}`,
    forget: (name: string) => `Removal of snapshots from ${name}`,
    retention: (name: string) => `Removal of old snapshots of ${name}`,
    cleanup: (name: string) => `Freeing of space in ${name}`,
    drill: (name: string) => `Restore drill of ${name}`,
    copy: (name: string) => `Copy of snapshots of ${name}`,
    hook: (name: string) => `Hook about ${name}`,
  },
  password: {
    title: (name: string) => `Password of “${name}”`,
    why: {
      missing:
        "The password of this repository is not in your keychain. Without it nothing can be backed up there or restored.",
      locked: "Your keychain is locked. Unlock it, or enter the password here.",
    },
    label: "Password",
    remember: "Keep it in the keychain",
    rememberHint: "If not, Holdfast asks again at its next start.",
    submit: "Use this password",
    banner: (name: string) => `Holdfast needs the password of “${name}”`,
    bannerMeaning: "Backups to it wait until it is entered. Nothing that is stored is affected.",
    show: "Show the password",
    hide: "Hide the password",
  },
  services: {
    keychain: "No keychain",
    notifications: "No notifications",
    tray: "No tray",
    autostart: "No start at login",
    missing: "Working without a part of your system",
    hide: "Hide this until the next start",
  },
};

export const health = {
  protected: "Protected",
  overdue: "Overdue",
  failing: "Failing",
  neverBackedUp: "Never backed up",
  waiting: "Waiting",
  noPlans: "No plans",
};

export const state = {
  queued: "Queued",
  running: "Running",
  succeeded: "Succeeded",
  warnings: "Finished with warnings",
  failed: "Failed",
  cancelled: "Cancelled",
  interrupted: "Interrupted",
  day: {
    none: "no backup",
    good: "backed up",
    warnings: "backed up with warnings",
    failed: "failed",
    missed: "missed",
    waiting: "waited",
  },
  light: { good: "good", attention: "needs attention", failed: "failed", unknown: "not known yet" },
  trigger: {
    scheduled: "by its schedule",
    missed: "because a run was missed",
    manual: "by you",
    firstStart: "by the first start",
    retry: "as a retry",
    conflict: "because a lock was in the way",
    afterBackup: "after the backup",
  },
};

// Plans, repositories, operations and what else the mock's world is made of.
import type {
  DayCell,
  DayState,
  EntryView,
  LockView,
  OperationKind,
  OperationState,
  OperationView,
  PauseFor,
  PauseView,
  PlanView,
  Problem,
  RepositoryView,
  Schedule,
  SnapshotView,
  Timing,
  Trigger,
  Weekday,
} from "@/api/types";
import { dailyAt } from "@/components/forms/timing";
import { formatMoment } from "@/format";
import { DAY, HOUR, MINUTE, dayName, now, steady } from "./moments";

const GB = 1_000_000_000;

export const problems = {
  repositoryLocked: {
    code: "repositoryLocked",
    title: "The repository is in use by another program",
    meaning: "The backup did not start. Your 142 snapshots are unchanged.",
    advice:
      "A lock of mac-mini has shown no sign of life for 3 hours. Unlock it if it is not working.",
    actions: ["unlockAndRetry", "retry", "showDetails"],
    details:
      "unable to create lock: repository is already locked exclusively by PID 4711 on mac-mini",
  },
  repositoryBusy: {
    code: "repositoryBusy",
    title: "“Blue SSD” is in use by the backup of “Documents”, since 14:05, 62 % done.",
    meaning: "Nothing was changed.",
    advice: "This starts right after it.",
    actions: [],
  },
  notConnected: {
    code: "destinationNotConnected",
    title: "The drive “Blue SSD” is not connected",
    meaning: "Your 142 snapshots on it are unchanged.",
    advice: "Connect it and the backup starts by itself.",
    actions: ["editRepository"],
  },
  paused: {
    code: "paused",
    title: "Backups are paused.",
    meaning: "Nothing starts by itself. Your earlier snapshots are unchanged.",
    advice: "Resume them to have them go on.",
    actions: [],
  },
  passwordMissing: {
    code: "passwordMissing",
    title: "The password is not known",
    meaning: "Nothing can be backed up there or restored until it is entered.",
    advice: "Enter it once.",
    actions: ["enterPassword"],
  },
  wrongPassword: {
    code: "wrongPassword",
    title: "This password does not open the repository",
    meaning: "Nothing was changed.",
    advice: "Check it and try again.",
    actions: [],
  },
  noKeychain: {
    code: "keychainUnavailable",
    title: "There is no keychain on this computer",
    meaning: "Holdfast asks for the password of a repository at each start.",
    advice: "Install gnome-keyring or KWallet and log in again to keep passwords.",
    actions: [],
    details: "org.freedesktop.secrets: no such service",
  },
  noNotifications: {
    code: "notificationsUnavailable",
    title: "Notifications cannot be shown",
    meaning: "You only see in this window when a backup fails.",
    advice: "Start a notification service, for example the one of your desktop.",
    actions: [],
  },
  noTray: {
    code: "trayUnavailable",
    title: "There is no tray",
    meaning: "Closing the window leaves Holdfast running without an icon.",
    advice: "Start Holdfast again to open the window.",
    actions: [],
  },
  noAutostart: {
    code: "autostartUnavailable",
    title: "Start at login cannot be set",
    meaning: "Backups run only after you started Holdfast.",
    advice: "Add it to your desktop's own list of programs to start.",
    actions: [],
  },
  unreachable: {
    code: "storageOffline",
    title: "The repository cannot be reached",
    meaning: "Your snapshots are unchanged.",
    advice: "Connect the drive and try again.",
    actions: ["editRepository"],
    details: "stat /media/ada/blue/config: no such file or directory",
  },
} satisfies Record<string, Problem>;

const DAYS: DayState[] = ["good", "good", "good", "good", "good", "warnings", "good", "good"];

function days(seed: number): DayCell[] {
  return Array.from({ length: 30 }, (_, at) => {
    const state: DayState =
      at < 6
        ? "none"
        : at === 12 + (seed % 5)
          ? "failed"
          : at === 17
            ? "missed"
            : at === 21
              ? "waiting"
              : (DAYS[(at + seed) % DAYS.length] ?? "good");
    return { day: dayName(now() - (29 - at) * DAY), state };
  });
}

export function makePlan(id: string, name: string, more: Partial<PlanView> = {}): PlanView {
  const next = new Date(now() + DAY);
  next.setHours(20, 0, 0, 0);
  return {
    id,
    name,
    repository: "blue",
    sources: ["/home/ada/Documents", "/home/ada/Desktop"],
    excludes: {
      patterns: ["*.iso"],
      caches: true,
      ifPresent: [],
      oneFileSystem: false,
      presets: ["caches", "buildOutput"],
    },
    timing: { schedule: dailyAt({ hour: 20, minute: 0 }), spreadMinutes: 0 },
    health: { state: "protected", newestGood: now() - 3 * HOUR, targetAgeMillis: 26 * HOUR },
    lastRun: { operation: "op-8", state: "succeeded", at: now() - 3 * HOUR },
    nextRun: next.getTime(),
    upcoming: Array.from({ length: 5 }, (_, at) => next.getTime() + at * DAY),
    days: days(name.length),
    size: 38.4 * GB,
    snapshotCount: 142,
    ...more,
  };
}

export function makeRepository(id: string, name: string): RepositoryView {
  return {
    id,
    name,
    location: { type: "local", path: `/media/ada/${id}/holdfast` },
    formatVersion: 2,
    autoUnlock: { type: "own" },
    lockWaitMinutes: 10,
    limits: {},
    size: (id === "nas" ? 212 : 84) * GB,
    freeSpace: (id === "nas" ? 3100 : 412) * GB,
    snapshotCount: id === "nas" ? 318 : 142,
    locks: [],
    secret: "stored",
    lastVerify: { operation: "op-6", state: "succeeded", at: now() - 20 * HOUR },
    lights: { space: "good", verify: "good", lock: "good" },
  };
}

type OperationOptions = {
  hoursAgo: number;
  state?: OperationState;
  kind?: OperationKind;
  trigger?: Trigger;
  findings?: number;
};

export function makeOperation(
  id: string,
  plan: PlanView,
  { hoursAgo, state = "succeeded", kind = "backup", trigger, findings = 0 }: OperationOptions,
): OperationView {
  const startedAt = now() - hoursAgo * HOUR - 4 * MINUTE;
  const isLive = state === "running" || state === "queued";
  const operation: OperationView = {
    id,
    run: `run-of-${id}`,
    kind,
    plan: plan.id,
    planName: plan.name,
    repository: plan.repository,
    repositoryName: plan.repository === "nas" ? "Home NAS" : "Blue SSD",
    state,
    trigger: trigger ?? (isLive ? "manual" : "scheduled"),
    queuedAt: startedAt,
    findings,
  };
  if (state !== "queued") operation.startedAt = startedAt;
  if (!isLive) operation.finishedAt = startedAt + 3 * MINUTE + 24_000;
  if (kind !== "backup") {
    delete operation.plan;
    delete operation.planName;
  }
  if (!isLive && state !== "failed" && (kind === "backup" || kind === "restore")) {
    operation.summary = {
      filesNew: 128,
      filesChanged: 64,
      filesUnmodified: 48_112,
      files: kind === "restore" ? 48 : 48_304,
      bytes: 38.4 * GB,
      addedBytes: 412_000_000,
      storedBytes: 268_000_000,
      ...(kind === "restore"
        ? { target: "/home/ada/Restored" }
        : { snapshot: snapshotOf(plan, Math.round(hoursAgo)) }),
    };
  }
  return operation;
}

export function snapshotId(seed: number): string {
  return Array.from({ length: 64 }, (_, at) =>
    Math.floor(steady(seed * 97 + at + 1) * 16).toString(16),
  ).join("");
}

/** A snapshot has its own id, also beside those of other plans in the same repository. */
function snapshotOf(plan: PlanView, hoursAgo: number): string {
  const ofPlan = [...plan.id].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 0) % 10_007;
  return snapshotId(ofPlan * 1000 + hoursAgo);
}

export function makeSnapshots(plan: PlanView, count: number): SnapshotView[] {
  return Array.from({ length: count }, (_, at) => {
    const hoursAgo = 3 + at * 24;
    const id = snapshotOf(plan, hoursAgo);
    return {
      id,
      shortId: id.slice(0, 8),
      time: now() - hoursAgo * HOUR,
      hostname: "ada-laptop",
      username: "ada",
      paths: plan.sources,
      tags: [],
      plan: plan.id,
      files: 48_304 - at * 11,
      bytes: 38.4 * GB - at * 24_000_000,
      addedBytes: Math.round(steady(at) * 800_000_000),
      program: "holdfast 0.1.0",
    };
  });
}

export function locks(): LockView[] {
  return [
    {
      id: snapshotId(901),
      exclusive: true,
      hostname: "mac-mini",
      username: "grace",
      pid: 4711,
      created: now() - 3 * HOUR,
      program: "restic 0.19.1",
      operation: "prune",
      ours: false,
      verdict: "unknown",
      reasons: [
        "It was last refreshed 3 hours ago; a working owner refreshes every 5 minutes.",
        "Its process runs on another computer and cannot be looked at from here.",
      ],
      readable: true,
    },
    {
      id: snapshotId(902),
      exclusive: false,
      hostname: "ada-laptop",
      username: "ada",
      pid: 81422,
      created: now() - 26 * HOUR,
      program: "restic 0.19.1",
      operation: "backup",
      ours: false,
      verdict: "dead",
      reasons: ["No process 81422 runs on this computer.", "The computer was restarted since."],
      readable: true,
    },
    {
      id: snapshotId(903),
      exclusive: false,
      hostname: "ada-laptop",
      username: "ada",
      pid: 90210,
      created: now() - 2 * MINUTE,
      program: "holdfast 0.1.0",
      operation: "backup",
      ours: true,
      verdict: "alive",
      reasons: ["It is this program's own."],
      readable: true,
    },
  ];
}

const NAMES = ["Invoice", "Letter", "Photo", "Report", "Scan", "Notes", "Draft", "Minutes"];
const ENDINGS = ["pdf", "odt", "jpg", "txt", "xlsx", "md"];

export function makeEntries(path: string): EntryView[] {
  const base = path === "/" ? "" : path;
  const folder = (name: string): EntryView => ({
    name,
    path: `${base}/${name}`,
    kind: "folder",
    size: 0,
    modified: now() - steady(name.length) * 300 * DAY,
    mode: "drwxr-xr-x",
  });
  const depth = path.split("/").filter(Boolean).length;
  if (depth === 0) return [folder("home")];
  if (depth === 1) return [folder("ada")];
  if (depth === 2) return [folder("Documents"), folder("Desktop")];
  if (path.endsWith("Empty")) return [];
  const count = path.endsWith("Archive") ? 20_000 : 40;
  const files = Array.from({ length: count }, (_, at): EntryView => {
    const ending = ENDINGS[at % ENDINGS.length] ?? "txt";
    const name = `${NAMES[at % NAMES.length] ?? "File"} ${String(at + 1).padStart(3, "0")}.${ending}`;
    return {
      name,
      path: `${base}/${name}`,
      kind: at % 37 === 36 ? "link" : "file",
      size: Math.round(steady(at) * 40_000_000),
      modified: now() - steady(at + 7) * 700 * DAY,
      mode: "-rw-r--r--",
      ...(at % 37 === 36 ? { linkTarget: "../Desktop/target.txt" } : {}),
    };
  });
  return [folder("Taxes"), folder("Archive"), folder("Empty"), ...files];
}

const INTERVAL = { minutes: MINUTE, hours: HOUR, days: DAY };

/** The next five runs, as the app would count them from now. */
export function nextRuns({ schedule }: Timing): number[] {
  // A line of five fields is read by the app alone.
  if (schedule.type === "manual" || schedule.type === "cron") return [];
  if (schedule.type === "every") {
    const distance = schedule.count * INTERVAL[schedule.unit];
    return Array.from({ length: 5 }, (_, at) => now() + (at + 1) * distance);
  }
  const runs: number[] = [];
  for (const day = new Date(now()); runs.length < 5; day.setDate(day.getDate() + 1)) {
    if (!isDayOf(schedule, day)) continue;
    const times = schedule.times.map(({ hour, minute }) =>
      new Date(day).setHours(hour, minute, 0, 0),
    );
    runs.push(...times.filter((at) => at > now()));
  }
  return runs.slice(0, 5);
}

const WEEKDAYS: Weekday[] = [
  "sunday",
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
];

function isDayOf(schedule: Schedule, day: Date): boolean {
  if (schedule.type === "weekly")
    return schedule.days.some((one) => one === WEEKDAYS[day.getDay()]);
  if (schedule.type !== "monthly") return false;
  const last = new Date(day.getFullYear(), day.getMonth() + 1, 0).getDate();
  return schedule.days.some((one) => (one < 0 ? last : Math.min(one, last)) === day.getDate());
}

export function makePause(length: PauseFor): PauseView {
  const since = now();
  if (length === "untilResumed") return { since, problem: problems.paused };
  const tomorrow = new Date(since + DAY);
  tomorrow.setHours(6, 0, 0, 0);
  const until = length === "hour" ? since + HOUR : tomorrow.getTime();
  const title = `Backups are paused until ${formatMoment(until, since)}.`;
  return { since, until, problem: { ...problems.paused, title } };
}

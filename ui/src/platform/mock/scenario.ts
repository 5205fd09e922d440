// The worlds the window can be shown in without its app. Chosen by `?scenario=`.
import type { Overview, Problem, Settings } from "@/api/types";
import { everyHours } from "@/components/forms/timing";
import { HOUR, now } from "./moments";
import { locks, makeOperation, makePause, makePlan, makeRepository, problems } from "./things";

export const SCENARIOS = [
  "first",
  "calm",
  "busy",
  "failing",
  "waiting",
  "paused",
  "bare",
  "long",
  "empty",
  "loading",
  "error",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

export const settings: Settings = {
  startAtLogin: true,
  closeToTray: true,
  stepAside: true,
  notifyOnFailure: true,
  notifyOnOverdue: true,
  notifyOnRecovery: true,
  notifyOnSuccess: false,
  quietHours: { on: false, from: { hour: 22, minute: 0 }, to: { hour: 7, minute: 0 } },
  theme: "system",
};

const works = { available: true };
const missing = (problem: Problem) => ({ available: false, problem });

function empty(): Overview {
  return {
    health: "noPlans",
    plans: [],
    repositories: [],
    running: [],
    recent: [],
    services: { keychain: works, notifications: works, tray: works, autostart: works },
    problems: [],
    concerns: [],
    firstStart: false,
  };
}

function calm(): Overview {
  const documents = makePlan("documents", "Documents");
  const photos = makePlan("photos", "Photos", {
    sources: ["/home/ada/Pictures"],
    timing: { schedule: everyHours(4), spreadMinutes: 0 },
    repository: "nas",
  });
  return {
    ...empty(),
    health: "protected",
    plans: [documents, photos],
    repositories: [makeRepository("blue", "Blue SSD"), makeRepository("nas", "Home NAS")],
    recent: [
      makeOperation("op-8", documents, { hoursAgo: 3 }),
      makeOperation("op-7", photos, { hoursAgo: 5 }),
      makeOperation("op-6", documents, { hoursAgo: 20, kind: "verify" }),
      makeOperation("op-5", documents, { hoursAgo: 27, state: "warnings", findings: 12 }),
      makeOperation("op-4", photos, { hoursAgo: 30, kind: "restore" }),
      makeOperation("op-3", documents, { hoursAgo: 51, state: "cancelled" }),
      makeOperation("op-2", photos, { hoursAgo: 53, kind: "unlock", trigger: "conflict" }),
      makeOperation("op-1", documents, { hoursAgo: 75, trigger: "missed" }),
    ],
  };
}

function busy(): Overview {
  const world = calm();
  const [documents, photos] = world.plans;
  if (!documents || !photos) return world;
  const running = makeOperation("run-1", documents, { state: "running", hoursAgo: 0 });
  const queued = makeOperation("run-2", photos, { state: "queued", hoursAgo: 0 });
  queued.waitingFor = problems.repositoryBusy;
  documents.running = running.id;
  photos.queued = queued.id;
  return { ...world, running: [running, queued] };
}

function failing(): Overview {
  const world = calm();
  const [documents, photos] = world.plans;
  const [blue, nas] = world.repositories;
  if (!documents || !photos || !blue || !nas) return world;
  const failed = makeOperation("op-9", documents, { hoursAgo: 1, state: "failed" });
  failed.problem = problems.repositoryLocked;
  documents.health = {
    ...documents.health,
    state: "failing",
    reason: problems.repositoryLocked,
    newestGood: now() - 51 * HOUR,
  };
  documents.lastRun = { operation: "op-9", state: "failed", at: now() - HOUR };
  documents.days = documents.days.map((cell, at) =>
    at > 27 ? { ...cell, state: "failed" } : cell,
  );
  photos.health = { ...photos.health, state: "overdue", newestGood: now() - 80 * HOUR };
  blue.locks = locks();
  blue.lights = { space: "attention", verify: "failed", lock: "attention" };
  nas.secret = "missing";
  nas.problem = problems.passwordMissing;
  nas.lights = { space: "unknown", verify: "unknown", lock: "unknown" };
  return { ...world, health: "failing", recent: [failed, ...world.recent.slice(0, 7)] };
}

function waiting(): Overview {
  const world = calm();
  const [documents] = world.plans;
  if (documents) {
    documents.health = { ...documents.health, state: "waiting", reason: problems.notConnected };
  }
  return { ...world, health: "waiting" };
}

/** Nothing starts by itself; what was asked for runs, and what was due waits. */
function paused(): Overview {
  const world = busy();
  const [, photos] = world.plans;
  const [running, queued] = world.running;
  if (!photos || !running || !queued) return world;
  queued.waitingFor = problems.paused;
  queued.trigger = "scheduled";
  return { ...world, paused: makePause("untilTomorrow") };
}

/** Nothing of the system's services is there. */
function bare(): Overview {
  const world = calm();
  return {
    ...world,
    repositories: world.repositories.map((one) => ({ ...one, secret: "session" as const })),
    services: {
      keychain: missing(problems.noKeychain),
      notifications: missing(problems.noNotifications),
      tray: missing(problems.noTray),
      autostart: missing(problems.noAutostart),
    },
  };
}

function long(): Overview {
  const world = calm();
  const name =
    "Everything of the photography business including raw files, contracts and taxes since 1998";
  const plans = Array.from({ length: 9 }, (_, at) =>
    makePlan(`plan-${at}`, at === 0 ? name : `${name.slice(0, 12 + at * 8)}`, {
      sources: [`/home/ada/${"very-long-folder-name-".repeat(6)}/${at}`, "/srv/data"],
    }),
  );
  const repository = makeRepository("blue", `${name} on the second drive`);
  repository.location.path = `/media/ada/${"a-very-long-folder-name-".repeat(6)}/repository`;
  const [first] = plans;
  return {
    ...world,
    plans,
    repositories: [repository],
    concerns: [
      { kind: "damageFound", name: repository.name, count: 3, operation: "op-6" },
      { kind: "filesSkipped", name, count: 12, operation: "op-5" },
    ],
    recent: first ? world.recent.map((one) => ({ ...one, planName: first.name })) : [],
  };
}

export function overviewOf(scenario: Scenario): Overview {
  switch (scenario) {
    case "first":
      return { ...empty(), firstStart: true };
    case "busy":
      return busy();
    case "failing":
      return failing();
    case "waiting":
      return waiting();
    case "paused":
      return paused();
    case "bare":
      return bare();
    case "long":
      return long();
    case "empty":
      return empty();
    default:
      return calm();
  }
}

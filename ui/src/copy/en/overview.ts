import { counted } from "./common";

export const overview = {
  title: "Overview",
  protected: "Everything is protected.",
  protectedBut: (clauses: string) => `Everything is protected, but ${clauses}.`,
  concern: {
    damageFound: {
      one: (repository: string, count: number) =>
        `verifying ${repository} found ${counted(count, "problem")}`,
      several: (count: number) =>
        `verifying found problems in ${counted(count, "repository", "repositories")}`,
    },
    filesSkipped: {
      one: (plan: string, count: number) =>
        `${counted(count, "item")} of ${plan} could not be read`,
      several: (count: number) => `some items of ${counted(count, "plan")} could not be read`,
    },
  },
  protectedReason: (newest: string) => `The newest snapshot was made ${newest}.`,
  protectedQuiet: "Every plan has a snapshot as new as it should be.",
  overdue: (plan: string, age: string) => `${plan} has not been backed up for ${age}.`,
  overdueNever: (plan: string) => `${plan} is overdue.`,
  failing: (plan: string) => `The backup of ${plan} fails.`,
  waiting: (plan: string) => `${plan} is waiting.`,
  waitingReason: "It starts by itself as soon as it can.",
  neverBackedUp: (plan: string) => `${plan} has not been backed up yet.`,
  neverReason: "Its first backup has not finished.",
  firstRunning: (plan: string) => `The first backup of ${plan} is running.`,
  firstRunningReason: "You can go on working. Holdfast tells you when it is done.",
  several: {
    failing: (count: number) => `The backups of ${counted(count, "plan")} fail.`,
    overdue: (count: number) => `${counted(count, "plan")} are overdue.`,
    waiting: (count: number) => `${counted(count, "plan")} are waiting.`,
  },
  noPlans: "Nothing is backed up yet.",
  noPlansReason: "A plan says which folders to back up, where to, and when.",
  setUp: "Set up a backup",
  addPlan: "Add a plan",
  plans: "Plans",
  repositories: "Repositories",
  recent: "Recent activity",
  allActivity: "All activity",
  recentEmpty: "Nothing has run yet.",
  recentEmptyNext: "Backups, restores and verifications appear here.",
  last: "Last",
  next: "Next",
  to: "To",
  never: "never",
  onlyManual: "only when you start it",
  queued: "queued",
  days: "Last 30 days",
  daysOf: (plan: string) => `Last 30 days of ${plan}`,
  size: (size: string) => `${size} stored`,
  free: (size: string) => `${size} free`,
  lights: { space: "Space", verify: "Verify", lock: "Lock" },
  light: (name: string, word: string) => `${name}: ${word}`,
  inUse: (who: string) => `In use by ${who}`,
  lockLeft: (who: string) => `Lock left by ${who}`,
  pause: {
    open: "Pause",
    lengths: {
      hour: "For an hour",
      untilTomorrow: "Until tomorrow",
      untilResumed: "Until I resume",
    },
    resume: "Resume",
    resumed: "Backups are on again.",
    afterwards: "after the pause",
  },
  backUpAll: "Back up all",
  startedAll: "All plans are starting.",
  joined: (plan: string, since: string, done: string) =>
    `${plan} is being backed up already${since && `, since ${since}`}${done && `: ${done} done`}.`,
  joinedQueued: (plan: string, since: string) =>
    `${plan} waits for its turn already${since && `, since ${since}`}.`,
};

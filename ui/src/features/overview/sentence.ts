// The one sentence of the overview: the worst of all plans, in words, and the act that helps.
import type { Concern, HealthState, Overview, PlanView, Problem } from "@/api/types";
import { t } from "@/copy";
import { formatDuration, formatMoment } from "@/format";

export type Sentence = {
  state: HealthState;
  text: string;
  reason: string;
  /** The plan it speaks of, when it is one. */
  plan?: PlanView;
  problem?: Problem;
  /** What is wrong although everything is protected, the gravest of it. */
  concern?: Concern;
  running: boolean;
};

/** Worst first; what comes first decides the sentence. */
const SEVERITY: HealthState[] = [
  "failing",
  "overdue",
  "neverBackedUp",
  "waiting",
  "protected",
  "noPlans",
];

export function sentenceOf(overview: Overview, now: number): Sentence {
  const { health: state, plans } = overview;
  const running = plans.some((plan) => plan.running);
  if (plans.length === 0) {
    return {
      state: "noPlans",
      text: t.overview.noPlans,
      reason: t.overview.noPlansReason,
      running,
    };
  }
  if (state === "protected") {
    const { concerns } = overview;
    const text = concerns.length
      ? t.overview.protectedBut(t.list(clausesOf(concerns)))
      : t.overview.protected;
    return { state, text, reason: newestOf(plans, now), concern: concerns[0], running };
  }
  const worst = plans.filter((plan) => plan.health.state === state);
  const plan = worst[0] ?? plans[0];
  if (!plan) return { state, text: t.health[state], reason: "", running };
  const problem = plan.health.reason;
  const reason = problem ? t.sentences([problem.title, problem.advice]) : "";
  if (worst.length > 1 && (state === "failing" || state === "overdue" || state === "waiting")) {
    const text = t.overview.several[state](worst.length);
    return { state, text, reason: severalReason(worst), plan, running };
  }
  return { state, ...wordsOf(state, plan, reason, now), plan, problem, running };
}

/** One clause for each kind of concern, however many there are. */
function clausesOf(concerns: Concern[]): string[] {
  return (["damageFound", "filesSkipped"] as const).flatMap((kind) => {
    const [first, ...others] = concerns.filter((concern) => concern.kind === kind);
    if (!first) return [];
    const { one, several } = t.overview.concern[kind];
    return [others.length ? several(others.length + 1) : one(first.name, first.count)];
  });
}

/** The plans by name, and their reason when it is one and the same. */
function severalReason(plans: PlanView[]): string {
  const names = t.list(plans.map((plan) => plan.name));
  const [first, ...others] = plans.map((plan) => plan.health.reason);
  const shared = first && others.every((reason) => reason?.title === first.title);
  return t.sentences(shared ? [names, first.title, first.advice] : [names]);
}

function wordsOf(state: HealthState, plan: PlanView, reason: string, now: number) {
  const { name } = plan;
  switch (state) {
    case "overdue": {
      const newest = plan.health.newestGood;
      const age = newest === undefined ? undefined : formatDuration(now - newest);
      const text = age ? t.overview.overdue(name, age) : t.overview.overdueNever(name);
      return { text, reason };
    }
    case "failing":
      return { text: t.overview.failing(name), reason };
    case "waiting":
      return { text: t.overview.waiting(name), reason: reason || t.overview.waitingReason };
    default:
      return plan.running
        ? { text: t.overview.firstRunning(name), reason: t.overview.firstRunningReason }
        : { text: t.overview.neverBackedUp(name), reason: reason || t.overview.neverReason };
  }
}

function newestOf(plans: PlanView[], now: number): string {
  const newest = Math.max(...plans.map((plan) => plan.health.newestGood ?? 0));
  if (newest <= 0) return t.overview.protectedQuiet;
  return t.overview.protectedReason(formatMoment(newest, now));
}

/** Plans with the ones that need attention first; otherwise as they are. */
export function plansBySeverity(plans: PlanView[]): PlanView[] {
  const rank = (plan: PlanView) => SEVERITY.indexOf(plan.health.state);
  return [...plans].sort((one, other) => rank(one) - rank(other));
}

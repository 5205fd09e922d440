// What the buttons of many screens do. Each says what happened; none of them throws.
import { client } from "@/api";
import { asProblem } from "@/api/client";
import type { OperationView, PauseFor, Problem, ProblemAction, RunStarted } from "@/api/types";
import { t } from "@/copy";
import { formatMoment, formatPercent } from "@/format";
import { clock } from "./clock.svelte";
import { dialogs } from "./dialogs.svelte";
import { useLive } from "./live.svelte";
import { notices, type About } from "./notices.svelte";
import { fractionOf } from "./operations";
import { router } from "./router.svelte";

/** Runs an act; a failure is shown and answered with `undefined`. */
export async function attempt<T>(act: () => Promise<T>, about: About = {}): Promise<T | undefined> {
  try {
    return await act();
  } catch (failure) {
    notices.fail(asProblem(failure), about);
    return undefined;
  }
}

export async function backUp(plan: string): Promise<void> {
  const view = useLive().plan(plan);
  const about = { plan, repository: view?.repository };
  const started = await attempt(() => client.runPlan(plan), about);
  if (!started?.joined) return;
  const joined = useLive().operation(started.operation);
  notices.say(joinedWords(view?.name ?? "", joined, started, clock.now));
}

/** What who asks for a backup is told when it was asked for already: since when, and how far. */
export function joinedWords(
  plan: string,
  operation: OperationView | undefined,
  started: RunStarted,
  now: number,
): string {
  const since = started.since === undefined ? "" : formatMoment(started.since, now);
  if (operation?.state === "queued") return t.overview.joinedQueued(plan, since);
  const fraction = fractionOf(started.progress ?? operation?.progress);
  return t.overview.joined(plan, since, fraction === undefined ? "" : formatPercent(fraction));
}

export async function backUpAll(): Promise<void> {
  const started = await attempt(async () => ({ answer: await client.runAll() }));
  if (started) notices.say(t.overview.startedAll);
}

export async function stop(operation: string): Promise<void> {
  await attempt(() => useLive().stop(operation));
}

export async function stopAll(): Promise<void> {
  await attempt(() => client.stopAll());
}

export async function pause(length: PauseFor): Promise<void> {
  const paused = await attempt(() => client.pause(length));
  if (paused) notices.say(paused.problem.title, () => void resume());
}

export async function resume(): Promise<void> {
  const resumed = await attempt(async () => ({ answer: await client.resume() }));
  if (resumed) notices.say(t.overview.pause.resumed);
}

export async function retry(operation: string): Promise<void> {
  await attempt(() => client.retryOperation(operation), {
    operation: useLive().operation(operation),
  });
}

/** The actions of a problem that can be done from here. */
export function possibleActions(problem: Problem, about: About): ProblemAction[] {
  const plan = about.plan ?? about.operation?.plan;
  const repository = about.repository ?? about.operation?.repository;
  return problem.actions.filter((action) => {
    switch (action) {
      case "retry":
        return Boolean(about.operation || plan);
      case "unlockAndRetry":
      case "enterPassword":
      case "editRepository":
        return Boolean(repository);
      case "showDetails":
        return Boolean(about.operation) && router.page.name !== "operation";
      case "editPlan":
      case "chooseFolder":
        return Boolean(plan);
      case "openSettings":
        return true;
    }
  });
}

export function act(action: ProblemAction, about: About): void {
  const plan = about.plan ?? about.operation?.plan;
  const repository = about.repository ?? about.operation?.repository;
  notices.dismiss();
  switch (action) {
    case "retry":
      if (about.operation) void retry(about.operation.id);
      else if (plan) void backUp(plan);
      break;
    case "unlockAndRetry":
      if (repository) dialogs.unlock(repository, about.operation?.id);
      break;
    case "enterPassword":
      if (repository) dialogs.enterPassword(repository);
      break;
    case "editRepository":
      if (repository) router.go({ name: "repository", id: repository });
      break;
    case "showDetails":
      if (about.operation) router.go({ name: "operation", id: about.operation.id });
      break;
    case "editPlan":
    case "chooseFolder":
      if (plan) router.go({ name: "plan", id: plan });
      break;
    case "openSettings":
      router.go({ name: "settings" });
      break;
  }
}

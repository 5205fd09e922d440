// The app's state as the window knows it: fetched once, then kept by the app's events.
import { SvelteSet } from "svelte/reactivity";
import type { Client } from "@/api/client";
import { asProblem } from "@/api/client";
import type { AppEvent, OperationView, Overview, Problem, Route, Settings } from "@/api/types";
import { t } from "@/copy";
import { formatPercent } from "@/format";
import { announcer } from "./announcer.svelte";
import { clock } from "./clock.svelte";
import { dialogs } from "./dialogs.svelte";
import { fractionOf, isLive, subjectOf, titleOf, withOperation, withProgress } from "./operations";
import { pageOf, router } from "./router.svelte";

const ANNOUNCED_STEP = 0.25;

export class Live {
  overview = $state.raw<Overview | null>(null);
  settings = $state.raw<Settings | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Counts the operations that ended, so that a list knows when to read itself again. */
  ended = $state(0);
  #client: Client;
  #listening = false;
  #announced = new Map<string, number>();
  #stopping = new SvelteSet<string>();

  constructor(client: Client) {
    this.#client = client;
  }

  get running(): OperationView[] {
    return this.overview?.running ?? [];
  }

  operation(id: string | undefined): OperationView | undefined {
    if (!id) return undefined;
    return (
      this.running.find((one) => one.id === id) ??
      this.overview?.recent.find((one) => one.id === id)
    );
  }

  plan(id: string | undefined) {
    return this.overview?.plans.find((plan) => plan.id === id);
  }

  repository(id: string | undefined) {
    return this.overview?.repositories.find((repository) => repository.id === id);
  }

  /** Whether it was asked to stop and has not ended yet: it ends where it is safe to. */
  isStopping(id: string): boolean {
    return this.#stopping.has(id);
  }

  async stop(id: string): Promise<void> {
    this.#stopping.add(id);
    try {
      await this.#client.cancelOperation(id);
    } catch (failure) {
      this.#stopping.delete(id);
      throw failure;
    }
    // It may have ended before the answer came.
    const operation = this.operation(id);
    if (!operation || !isLive(operation)) this.#stopping.delete(id);
  }

  /** Listens first, so that nothing that happens while fetching is missed. */
  async start(): Promise<void> {
    this.problem = null;
    try {
      if (!this.#listening) await this.#client.listen((event) => this.#on(event));
      this.#listening = true;
      const [overview, settings, wanted] = await Promise.all([
        this.#client.overview(),
        this.#client.settings(),
        this.#client.wantedPlace(),
      ]);
      clock.tick();
      this.overview = overview;
      this.settings = settings;
      if (wanted) this.#show(wanted);
    } catch (failure) {
      this.problem = asProblem(failure);
    }
  }

  #on(event: AppEvent): void {
    clock.tick();
    switch (event.type) {
      case "overview":
        this.overview = this.#keepProgress(event.overview);
        break;
      case "progress":
        if (!this.overview) break;
        this.overview = withProgress(this.overview, event.operation, event.progress);
        this.#announceStep(event.operation);
        break;
      case "operation":
        this.#changed(event.operation);
        break;
      case "settings":
        this.settings = event.settings;
        break;
      case "navigate":
        this.#show(event.to);
        break;
    }
  }

  #show(place: Route): void {
    router.go(pageOf(place));
    if (place.type === "enterPassword") dialogs.enterPassword(place.repository);
  }

  /** An overview is taken whole, but what is on screen does not go backwards. */
  #keepProgress(next: Overview): Overview {
    let kept = next;
    for (const before of this.running) {
      const after = next.running.find((one) => one.id === before.id);
      if (!before.progress || !after) continue;
      if (after.progress) {
        kept = withProgress(
          { ...kept, running: this.#put(kept, before) },
          after.id,
          after.progress,
        );
      }
    }
    return kept;
  }

  #put(overview: Overview, before: OperationView): OperationView[] {
    return overview.running.map((one) =>
      one.id === before.id ? { ...one, progress: before.progress } : one,
    );
  }

  #changed(operation: OperationView): void {
    if (this.overview) this.overview = withOperation(this.overview, operation);
    if (isLive(operation)) return;
    this.ended += 1;
    this.#announced.delete(operation.id);
    this.#stopping.delete(operation.id);
    const title = t.operation[operation.kind](subjectOf(operation));
    switch (operation.state) {
      case "failed":
        announcer.alarm(t.progress.failed(title, operation.problem?.title ?? ""));
        break;
      case "interrupted":
      case "cancelled":
      case "warnings":
        announcer.say(t.progress[operation.state](title));
        break;
      default:
        announcer.say(t.progress.finished(title));
    }
  }

  #announceStep(id: string): void {
    const operation = this.operation(id);
    const fraction = fractionOf(operation?.progress);
    if (!operation || fraction === undefined) return;
    const step = Math.floor(fraction / ANNOUNCED_STEP);
    if (step <= (this.#announced.get(id) ?? 0)) return;
    this.#announced.set(id, step);
    announcer.say(`${titleOf(operation)}: ${formatPercent(fraction)}`);
  }
}

let current: Live | undefined;

export function provideLive(live: Live): Live {
  current = live;
  return live;
}

/** The live state of this window. */
export function useLive(): Live {
  if (!current) throw new Error("the live state is provided before anything is drawn");
  return current;
}

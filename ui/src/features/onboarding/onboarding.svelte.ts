// The first start: what, where, when. It keeps everything entered while going back and forth, and
// ends with the first backup running.
import type { Client } from "@/api/client";
import { asProblem } from "@/api/client";
import type { Problem, RecoverySheet, RepositoryView } from "@/api/types";
import { PlanForm } from "@/components/forms/plan-form.svelte";
import { RepositoryForm } from "@/components/forms/repository-form.svelte";

export type Step = "what" | "where" | "sheet" | "when";

export class Onboarding {
  step = $state<Step>("what");
  plan: PlanForm;
  where: RepositoryForm;
  repository = $state.raw<RepositoryView | null>(null);
  adopted = $state(false);
  sheet = $state.raw<RecoverySheet | null>(null);
  problem = $state.raw<Problem | null>(null);
  starting = $state(false);
  #client: Client;
  #emptyPlace: () => RepositoryForm;
  /** A plan that was stored although its first run could not be started: it is not added twice. */
  #planId: string | undefined;

  constructor(client: Client, keychain: boolean) {
    this.#client = client;
    this.plan = new PlanForm(client);
    this.#emptyPlace = () => new RepositoryForm(client, keychain);
    this.where = $state.raw(this.#emptyPlace());
  }

  /** Which of the three steps is shown; keeping the sheet belongs to the second. */
  get at(): number {
    return { what: 1, where: 2, sheet: 2, when: 3 }[this.step];
  }

  /** A repository that is in Holdfast already saves the second step. */
  useExisting(repository: RepositoryView | undefined): void {
    if (!repository || this.repository) return;
    this.repository = repository;
    this.adopted = true;
    this.plan.repository = repository.id;
  }

  /** Chooses a place anew; the one before stays in Holdfast. */
  useAnother(): void {
    this.repository = null;
    this.plan.repository = "";
    this.where = this.#emptyPlace();
  }

  back(): void {
    this.problem = null;
    this.step = this.step === "when" ? "where" : "what";
  }

  async next(): Promise<void> {
    this.problem = null;
    if (this.step === "what" && this.plan.chosen.length > 0) this.step = "where";
    else if (this.step === "where") await this.#leaveWhere();
    else if (this.step === "sheet") this.step = "when";
  }

  async #leaveWhere(): Promise<void> {
    if (this.repository) {
      this.step = "when";
      return;
    }
    const adopted = this.where.isExisting;
    const repository = await this.where.save();
    if (!repository) return;
    this.repository = repository;
    this.adopted = adopted;
    this.plan.repository = repository.id;
    try {
      this.sheet = await this.#client.recoverySheet(repository.id);
      this.step = "sheet";
    } catch (failure) {
      this.problem = asProblem(failure);
      this.step = "when";
    }
  }

  /** Stores the plan and starts it. Answers whether the first backup is on its way. */
  async start(): Promise<boolean> {
    if (this.starting || this.plan.missing) return false;
    this.starting = true;
    this.problem = null;
    try {
      if (!this.#planId && !(await this.plan.check())) return false;
      this.#planId ??= (await this.#client.addPlan(this.plan.draft)).id;
      await this.#client.runPlan(this.#planId);
      return true;
    } catch (failure) {
      this.problem = asProblem(failure);
      return false;
    } finally {
      this.starting = false;
    }
  }
}

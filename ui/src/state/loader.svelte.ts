// One thing that is fetched, with its loading and failing states. A newer request always wins over
// an older one that answers late; what is shown, a failure too, stays until the new answer is there.
import { asProblem } from "@/api/client";
import type { Problem } from "@/api/types";

export class Loader<T> {
  value = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  #fetch: (() => Promise<T>) | undefined;
  #request = 0;

  async load(fetch: () => Promise<T>): Promise<void> {
    this.#fetch = fetch;
    const request = ++this.#request;
    this.busy = true;
    try {
      const value = await fetch();
      if (request !== this.#request) return;
      this.value = value;
      this.problem = null;
    } catch (failure) {
      if (request !== this.#request) return;
      this.value = undefined;
      this.problem = asProblem(failure);
    } finally {
      if (request === this.#request) this.busy = false;
    }
  }

  /** Forgets what is shown, then fetches: for when it is of something else. */
  fresh(fetch: () => Promise<T>): Promise<void> {
    this.value = undefined;
    this.problem = null;
    return this.load(fetch);
  }

  /** Fetches once more because a person asked for it: a failure gives way to waiting. */
  again(): Promise<void> {
    this.problem = null;
    return this.#fetch ? this.load(this.#fetch) : Promise.resolve();
  }
}

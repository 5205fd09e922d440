// A restore while it is decided: where to, what about files that are there, and the preview that
// says exactly what would be written. Starting applies that preview and no other.
import type { Client } from "@/api/client";
import { asProblem } from "@/api/client";
import type { OnConflict, Problem, RestorePreview, RestoreRequest } from "@/api/types";
import { t } from "@/copy";
import type { Cart } from "@/state/cart.svelte";

export type Place = "original" | "folder";

/** Why a restore would write nothing; nothing when it would. */
export function whyNothing(preview: RestorePreview): string | undefined {
  if (preview.create + preview.overwrite > 0) return undefined;
  if (preview.lost > 0 && preview.skip + preview.unchanged === 0) return t.restore.previewLost;
  return preview.skip > 0 ? t.restore.previewOnlySkipped : t.restore.previewEmpty;
}

export class RestoreFlow {
  place = $state<Place>("folder");
  folder = $state("");
  onConflict = $state<OnConflict>("keepBoth");
  verify = $state(true);
  preview = $state.raw<RestorePreview | null>(null);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  starting = $state(false);
  #client: Client;
  #cart: Cart;
  #asked = "";

  constructor(client: Client, cart: Cart) {
    this.#client = client;
    this.#cart = cart;
  }

  get request(): RestoreRequest {
    return {
      repository: this.#cart.repository,
      snapshot: this.#cart.snapshot,
      items: [...this.#cart.items.keys()],
      destination:
        this.place === "original" ? { type: "original" } : { type: "folder", path: this.folder },
      onConflict: this.onConflict,
      verify: this.verify,
    };
  }

  get canPreview(): boolean {
    return this.#cart.count > 0 && (this.place === "original" || this.folder !== "");
  }

  /** Whether the preview is still of what is chosen. */
  get isFresh(): boolean {
    return this.preview !== null && this.#asked === JSON.stringify(this.request);
  }

  get hasWork(): boolean {
    return this.preview !== null && this.preview.create + this.preview.overwrite > 0;
  }

  async chooseFolder(): Promise<void> {
    this.problem = null;
    try {
      const path = await this.#client.chooseFolder(
        t.restore.chooseFolder,
        this.folder || undefined,
      );
      if (path) this.folder = path;
    } catch (failure) {
      this.problem = asProblem(failure);
    }
  }

  async look(): Promise<void> {
    if (this.busy || !this.canPreview) return;
    this.busy = true;
    this.problem = null;
    const request = this.request;
    try {
      this.preview = await this.#client.previewRestore(request);
      this.#asked = JSON.stringify(request);
    } catch (failure) {
      this.preview = null;
      this.problem = asProblem(failure);
    }
    this.busy = false;
  }

  /** Starts what the preview shows; answers the operation. */
  async start(): Promise<string | undefined> {
    const preview = this.preview;
    if (!preview || !this.isFresh || this.starting) return undefined;
    this.starting = true;
    this.problem = null;
    try {
      const started = await this.#client.startRestore(preview.id);
      this.#cart.clear();
      return started.operation;
    } catch (failure) {
      this.problem = asProblem(failure);
      // A preview that is outdated must be made again before anything is written.
      this.preview = null;
      return undefined;
    } finally {
      this.starting = false;
    }
  }
}

// Banners that were put away until the next start.
import { SvelteSet } from "svelte/reactivity";

class Hidden {
  #names = new SvelteSet<string>();

  has(name: string): boolean {
    return this.#names.has(name);
  }

  hide(name: string): void {
    this.#names.add(name);
  }
}

export const hidden = new Hidden();

// The file table's decisions: which row is active, what is ticked, what a key means. It holds no
// more than the entries of one folder, and works the same for ten and for a hundred thousand.
import type { EntryView } from "@/api/types";
import type { Cart } from "@/state/cart.svelte";

const TYPED_MILLIS = 800;
const PAGE_ROWS = 12;

export type Opened = (entry: EntryView) => void;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Folders first, then names as people sort them. */
export function sortedEntries(entries: EntryView[]): EntryView[] {
  const rank = (entry: EntryView) => (entry.kind === "folder" ? 0 : 1);
  return [...entries].sort(
    (one, other) => rank(one) - rank(other) || collator.compare(one.name, other.name),
  );
}

export class FileTable {
  entries = $state.raw<EntryView[]>([]);
  active = $state(0);
  #anchor = 0;
  #typed = "";
  #typedAt = 0;
  #cart: Cart;

  constructor(cart: Cart) {
    this.#cart = cart;
  }

  show(entries: EntryView[], select?: string): void {
    this.entries = sortedEntries(entries);
    const at = select ? this.entries.findIndex((entry) => entry.path === select) : 0;
    this.active = Math.max(0, at);
    this.#anchor = this.active;
    this.#typed = "";
  }

  isTicked(entry: EntryView): boolean {
    return this.#cart.has(entry.path) || this.#cart.isInside(entry.path);
  }

  /** A row inside a ticked folder comes with it and cannot be ticked apart. */
  isLocked(entry: EntryView): boolean {
    return this.#cart.isInside(entry.path);
  }

  get allTicked(): boolean {
    return this.entries.length > 0 && this.entries.every((entry) => this.isTicked(entry));
  }

  get someTicked(): boolean {
    return this.entries.some((entry) => this.isTicked(entry));
  }

  /** One row, or with shift all rows from where the last one was ticked. */
  tick(at: number, range: boolean): void {
    const entry = this.entries[at];
    if (!entry || this.isLocked(entry)) return;
    const on = !this.#cart.has(entry.path);
    const from = range ? Math.min(this.#anchor, at) : at;
    const to = range ? Math.max(this.#anchor, at) : at;
    const rows = this.entries.slice(from, to + 1).filter((one) => !this.isLocked(one));
    this.#cart.set(rows, range ? true : on);
    this.#anchor = at;
    this.active = at;
  }

  tickAll(on: boolean): void {
    this.#cart.set(
      this.entries.filter((entry) => !this.isLocked(entry)),
      on,
    );
  }

  move(to: number, extend = false): void {
    const before = this.active;
    this.active = Math.max(0, Math.min(this.entries.length - 1, to));
    if (!extend) {
      this.#anchor = this.active;
      return;
    }
    const from = Math.min(before, this.active);
    const until = Math.max(before, this.active);
    this.#cart.set(this.entries.slice(from, until + 1), true);
  }

  /** What a key does; answers whether it was one of ours. */
  key(event: KeyboardEvent, open: Opened, up: () => void, now: number): boolean {
    const entry = this.entries[this.active];
    if (event.key === " " && this.#isTyping(now)) return this.#type(" ", now);
    switch (event.key) {
      case "ArrowDown":
        this.move(this.active + 1, event.shiftKey);
        return true;
      case "ArrowUp":
        this.move(this.active - 1, event.shiftKey);
        return true;
      case "PageDown":
        this.move(this.active + PAGE_ROWS, event.shiftKey);
        return true;
      case "PageUp":
        this.move(this.active - PAGE_ROWS, event.shiftKey);
        return true;
      case "Home":
        this.move(0, event.shiftKey);
        return true;
      case "End":
        this.move(this.entries.length - 1, event.shiftKey);
        return true;
      case " ":
        this.tick(this.active, event.shiftKey);
        return true;
      case "Enter":
      case "ArrowRight":
        if (entry?.kind === "folder") open(entry);
        else if (entry && event.key === "Enter") this.tick(this.active, false);
        return true;
      case "Backspace":
      case "ArrowLeft":
        up();
        return true;
    }
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "a") return false;
      this.tickAll(!this.allTicked);
      return true;
    }
    if (event.altKey || [...event.key].length !== 1) return false;
    return this.#type(event.key, now);
  }

  #isTyping(now: number): boolean {
    return this.#typed !== "" && now - this.#typedAt < TYPED_MILLIS;
  }

  /** Jumps to the next name that begins with what was typed quickly one after another. */
  #type(letter: string, now: number): boolean {
    this.#typed = this.#isTyping(now) ? this.#typed + letter : letter;
    this.#typedAt = now;
    const wanted = this.#typed.toLocaleLowerCase();
    const isRepeat = [...wanted].every((one) => one === wanted[0]);
    const prefix = isRepeat && wanted.length > 1 ? (wanted[0] ?? "") : wanted;
    const from = isRepeat ? this.active + 1 : this.active;
    for (let step = 0; step < this.entries.length; step += 1) {
      const at = (from + step) % this.entries.length;
      if (this.entries[at]?.name.toLocaleLowerCase().startsWith(prefix)) {
        this.move(at);
        break;
      }
    }
    return true;
  }
}

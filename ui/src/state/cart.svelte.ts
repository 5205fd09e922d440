// The items of one snapshot that were ticked to be restored, across its folders.
import type { EntryView } from "@/api/types";
import { parentPath } from "@/format";

export type CartItem = Pick<EntryView, "path" | "kind" | "size">;

export class Cart {
  repository = $state("");
  snapshot = $state("");
  time = $state(0);
  items = $state.raw<ReadonlyMap<string, CartItem>>(new Map());

  get count(): number {
    return this.items.size;
  }

  /** Makes the cart one of this snapshot; items of another snapshot are dropped. */
  of(repository: string, snapshot: string, time: number): void {
    if (this.repository === repository && this.snapshot === snapshot) {
      this.time = time || this.time;
      return;
    }
    this.repository = repository;
    this.snapshot = snapshot;
    this.time = time;
    this.items = new Map();
  }

  has(path: string): boolean {
    return this.items.has(path);
  }

  /** Whether a folder above the path is ticked, and so the path with it. */
  isInside(path: string): boolean {
    let above = path;
    while (above !== "/") {
      above = parentPath(above);
      if (this.items.has(above)) return true;
    }
    return false;
  }

  set(entries: CartItem[], ticked: boolean): void {
    const items = new Map(this.items);
    for (const { path, kind, size } of entries) {
      if (ticked) items.set(path, { path, kind, size });
      else items.delete(path);
    }
    this.items = items;
  }

  clear(): void {
    this.items = new Map();
  }
}

export const cart = new Cart();

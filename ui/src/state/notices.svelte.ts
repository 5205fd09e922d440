// The one line at the foot of the window that says what an action just did, with a way to undo it,
// or why it could not be done. A success goes by itself; a problem stays until it is dismissed.
import type { OperationView, Problem } from "@/api/types";

/** What a problem's buttons are about. */
export type About = { operation?: OperationView; plan?: string; repository?: string };

export type Notice =
  | { kind: "said"; text: string; undo?: () => void }
  | { kind: "problem"; problem: Problem; about: About };

const SHOWN_MILLIS = 7000;

class Notices {
  current = $state<Notice | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string, undo?: () => void): void {
    this.#show({ kind: "said", text, undo });
    this.#timer = setTimeout(() => this.dismiss(), SHOWN_MILLIS);
  }

  fail(problem: Problem, about: About = {}): void {
    this.#show({ kind: "problem", problem, about });
  }

  dismiss(): void {
    clearTimeout(this.#timer);
    this.current = null;
  }

  #show(notice: Notice): void {
    clearTimeout(this.#timer);
    this.current = notice;
  }
}

export const notices = new Notices();

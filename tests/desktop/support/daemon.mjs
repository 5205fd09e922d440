// A helper process that speaks lines of JSON: it prints what happens, and takes requests.
import { createInterface } from "node:readline";

export class Daemon {
  #child;
  #waiting = [];
  /** Everything it said so far. */
  said = [];

  constructor(child) {
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text);
      this.said.push(line);
      for (const one of [...this.#waiting]) one(line);
    });
  }

  /** The first line that fits, of those said or still to come. */
  async next(fits, seconds = 20) {
    const said = this.said.find(fits);
    if (said) return said;
    return new Promise((found, failed) => {
      const patience = setTimeout(() => {
        failed(new Error(`waited ${seconds} s in vain; it said ${JSON.stringify(this.said)}`));
      }, seconds * 1000);
      const look = (line) => {
        if (!fits(line)) return;
        clearTimeout(patience);
        this.#waiting = this.#waiting.filter((one) => one !== look);
        found(line);
      };
      this.#waiting.push(look);
    });
  }

  /** Sends a request. */
  tell(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
  }

  /** Sends a request and returns the answer to it. */
  async ask(request) {
    const number = this.said.length + Math.random();
    const answer = this.next((line) => line.answers === number);
    this.tell({ ...request, number });
    return (await answer).answer;
  }
}

// What a screen reader is told: progress in steps, failures at once.

// Only a region that changes is read out: what is told twice in a row differs by this.
const AGAIN = "\u00a0";

class Announcer {
  polite = $state("");
  urgent = $state("");

  say(text: string): void {
    this.polite = this.polite === text ? text + AGAIN : text;
  }

  alarm(text: string): void {
    this.urgent = this.urgent === text ? text + AGAIN : text;
  }
}

export const announcer = new Announcer();

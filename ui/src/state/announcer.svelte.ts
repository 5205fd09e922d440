// What a screen reader is told: progress in steps, failures at once.
class Announcer {
  polite = $state("");
  urgent = $state("");

  say(text: string): void {
    this.polite = text;
  }

  alarm(text: string): void {
    this.urgent = text;
  }
}

export const announcer = new Announcer();

// Now, for everything that says how long ago something was. Ticks twice a minute.
class Clock {
  now = $state(Date.now());

  start(): void {
    setInterval(() => (this.now = Date.now()), 30_000);
    // A window that was hidden for hours must not show old words when it comes back.
    document.addEventListener("visibilitychange", () => (this.now = Date.now()));
  }
}

export const clock = new Clock();

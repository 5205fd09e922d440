// Now, for everything that says how long ago something was. Ticks twice a minute while anybody can see
// it, and whenever the app tells something new: what just happened must not lie in the future.
class Clock {
  now = $state(Date.now());

  tick(): void {
    this.now = Date.now();
  }

  start(): void {
    setInterval(() => {
      if (!document.hidden) this.tick();
    }, 30_000);
    // A window that was hidden for hours must not show old words when it comes back.
    document.addEventListener("visibilitychange", () => this.tick());
  }
}

export const clock = new Clock();

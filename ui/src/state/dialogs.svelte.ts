// Which of the window-wide dialogs is open. They can be asked for from anywhere a problem is shown.
class Dialogs {
  passwordOf = $state<string | null>(null);
  unlockOf = $state<{ repository: string; retry?: string } | null>(null);

  enterPassword(repository: string): void {
    this.passwordOf = repository;
  }

  /** Shows who holds the repository; `retry` is the operation to run again afterwards. */
  unlock(repository: string, retry?: string): void {
    this.unlockOf = { repository, retry };
  }
}

export const dialogs = new Dialogs();

// The one interface between the window and whatever runs it: the desktop shell, or a mock in tests
// and while designing in a browser.
import type { AppEvent } from "@/api/types";

export interface Platform {
  /** Calls one command of the shell. Rejects with what the command failed with. */
  call(command: string, args?: Record<string, unknown>): Promise<unknown>;
  /** Subscribes to the app's events until the returned function is called. */
  listen(on: (event: AppEvent) => void): Promise<() => void>;
}

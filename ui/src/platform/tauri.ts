// The desktop shell. Nothing else in the window may import `@tauri-apps/*`.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { AppEvent } from "@/api/types";
import type { Platform } from "./platform";

export const tauri: Platform = {
  call: (command, args) => invoke(command, args),
  listen: (on) => listen<AppEvent>("holdfast", (event) => on(event.payload)),
};

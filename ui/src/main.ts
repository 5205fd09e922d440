// Starts the window: finds its platform, then draws.
import { mount } from "svelte";
import App from "./App.svelte";
import { connect } from "./api";
import type { Platform } from "./platform/platform";
import { tauri } from "./platform/tauri";
import { clock } from "./state/clock.svelte";
import { Live, provideLive } from "./state/live.svelte";
import { router } from "./state/router.svelte";
import { followSystemTheme } from "./state/theme";
import { watchUnsaved } from "./state/unsaved";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

/** The mock is left out of the app's own build altogether. */
async function findPlatform(): Promise<Platform> {
  if (!__MOCK_PLATFORM__ || "__TAURI_INTERNALS__" in window) return tauri;
  const { createMock } = await import("./platform/mock");
  return createMock(new URLSearchParams(location.search));
}

followSystemTheme();
watchUnsaved(window);
const client = connect(await findPlatform());
const live = provideLive(new Live(client));
router.start();
clock.start();

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target });
void live.start();

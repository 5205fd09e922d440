// Starts the window: finds its platform, then draws.
import { mount } from "svelte";
import App from "./App.svelte";
import { connect } from "./api";
import { tauri } from "./platform/tauri";
import { clock } from "./state/clock.svelte";
import { Live, provideLive } from "./state/live.svelte";
import { router } from "./state/router.svelte";
import { followSystemTheme } from "./state/theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

followSystemTheme();
const client = connect(tauri);
const live = provideLive(new Live(client));
router.start();
clock.start();

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target });
void live.start();

// A desktop session of its own for one test: home folder, display, message bus, keychain,
// notification daemon and tray host; and the app in it, driven by WebDriver.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Builder, Capabilities } from "selenium-webdriver";
import { Daemon } from "./daemon.mjs";
import { Window } from "./window.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const program = required("HOLDFAST_DESKTOP");
const driverProgram = required("HOLDFAST_DRIVER");
export const restic = process.env.HOLDFAST_RESTIC_NEW ??
  path.join(here, "../../../target/peers/usr/bin/restic");
/** Our own client of locks, built beside the app. */
export const lockClient = path.join(path.dirname(program), "lock-client");

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run scripts/test-desktop`);
  return value;
}

/** Waits until a question is answered with something true, and returns it. */
export async function until(what, question, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain until ${what}`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

/**
 * Runs a test in a session of its own.
 * `without` names what is not there: "tray", "notifications", "keychain".
 */
export async function inWorld(context, { without = [] } = {}, act) {
  const world = new World(without);
  try {
    await world.start();
    await act(world);
  } catch (error) {
    await world.keepPicture(context.name);
    throw error;
  } finally {
    await world.end();
  }
}

class World {
  #without;
  #processes = [];
  #driver;
  #session;

  constructor(without) {
    this.#without = without;
    this.home = mkdtempSync(path.join(tmpdir(), "holdfast-desktop-"));
  }

  async start() {
    const { home } = this;
    const runtime = this.makeFolder("run");
    this.makeFolder(".config");
    this.documents = this.makeFolder("Documents");
    writeFileSync(path.join(home, ".config/user-dirs.dirs"), 'XDG_DOCUMENTS_DIR="$HOME/Documents"\n');
    this.environment = {
      PATH: process.env.PATH,
      LANG: "C.UTF-8",
      TZ: "UTC",
      HOME: home,
      TMPDIR: this.makeFolder("tmp"),
      XDG_RUNTIME_DIR: runtime,
      XDG_CONFIG_HOME: path.join(home, ".config"),
      XDG_DATA_HOME: path.join(home, ".local/share"),
      XDG_STATE_HOME: path.join(home, ".local/state"),
      XDG_CACHE_HOME: path.join(home, ".cache"),
      XDG_CURRENT_DESKTOP: "test",
      NO_AT_BRIDGE: "1",
      GTK_USE_PORTAL: "0",
      LIBGL_ALWAYS_SOFTWARE: "1",
      MESA_SHADER_CACHE_DISABLE: "true",
      GSETTINGS_BACKEND: "memory",
      PYTHONDONTWRITEBYTECODE: "1",
    };
    await this.#startDisplay();
    await this.#startBus();
    if (!this.#without.includes("keychain")) await this.startKeychain();
    if (!this.#without.includes("notifications")) {
      this.notifications = await this.#startDaemon("notifications.py");
    }
    if (!this.#without.includes("tray")) this.tray = await this.#startDaemon("tray_host.py");
  }

  makeFolder(name) {
    const folder = path.join(this.home, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  spawn(command, args, options = {}) {
    const child = spawn(command, args, {
      env: this.environment,
      cwd: this.home,
      stdio: ["pipe", "pipe", "inherit"],
      ...options,
    });
    this.#processes.push(child);
    return child;
  }

  /** Runs a program to its end and returns what it printed. */
  run(command, args, environment = {}) {
    const env = { ...this.environment, ...environment };
    const done = spawnSync(command, args, { env, encoding: "utf8", timeout: 60_000 });
    if (done.status !== 0) {
      throw new Error(`${command} ${args.join(" ")} ended with ${done.status}: ${done.stderr}`);
    }
    return done.stdout;
  }

  async #startDisplay() {
    const server = this.spawn(
      "Xvfb",
      ["-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"],
      { stdio: ["ignore", "ignore", "ignore", "pipe"] },
    );
    const number = await firstLine(server.stdio[3]);
    this.environment.DISPLAY = `:${number}`;
  }

  // The bus starts nothing by itself: what a test did not start is not there.
  async #startBus() {
    const config = path.join(this.home, "bus.conf");
    writeFileSync(
      config,
      `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=${this.environment.XDG_RUNTIME_DIR}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
`,
    );
    const bus = this.spawn("dbus-daemon", [`--config-file=${config}`, "--nofork", "--print-address"]);
    this.environment.DBUS_SESSION_BUS_ADDRESS = await firstLine(bus.stdout);
  }

  /** The keychain; unlocked with the password that its first start set, or locked. */
  async startKeychain({ locked = false } = {}) {
    const args = ["--foreground", "--components=secrets", ...(locked ? [] : ["--unlock"])];
    this.keychain = this.spawn("gnome-keyring-daemon", args, { stdio: ["pipe", "ignore", "ignore"] });
    this.keychain.stdin.end("keychain password");
    await until("the keychain is on the bus", () => this.isOnBus("org.freedesktop.secrets"));
  }

  /** Ends the keychain, and starts it as it is before its user typed the password. */
  async lockKeychain() {
    await stop(this.keychain);
    await until("the keychain is gone", () => !this.isOnBus("org.freedesktop.secrets"));
    await this.startKeychain({ locked: true });
  }

  isOnBus(name) {
    const asked = spawnSync(
      "dbus-send",
      ["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/",
        "org.freedesktop.DBus.NameHasOwner", `string:${name}`],
      { env: this.environment, encoding: "utf8" },
    );
    return asked.stdout.includes("true");
  }

  async #startDaemon(name) {
    const child = this.spawn("/usr/bin/python3", [path.join(here, name)]);
    const daemon = new Daemon(child);
    await daemon.next((line) => line.ready);
    return daemon;
  }

  /** Starts the app under WebDriver, and returns its window. */
  async open(args = []) {
    const [port, nativePort] = [await freePort(), await freePort()];
    this.#driver = this.spawn(driverProgram, [
      "--port", String(port), "--native-port", String(nativePort),
    ]);
    await listening(port);
    await listening(nativePort);
    const capabilities = new Capabilities();
    capabilities.set("tauri:options", { application: program, args });
    capabilities.setBrowserName("wry");
    this.#session = await new Builder()
      .withCapabilities(capabilities)
      .usingServer(`http://127.0.0.1:${port}/`)
      .build();
    this.window = new Window(this.#session, this);
    return this.window;
  }

  /** Ends the app as a session does, and waits for it. */
  async close() {
    const ended = until("the app ended", () => this.appProcesses().length === 0);
    for (const id of this.appProcesses()) signal(id, "SIGTERM");
    await ended;
    await this.#session?.quit().catch(() => {});
    this.#session = undefined;
    await stop(this.#driver);
    this.window = undefined;
  }

  /** Starts the program beside the one that runs, and returns how it ended. */
  async startAgain(args = []) {
    const second = this.spawn(program, args);
    const [code] = await once(second, "exit");
    return code;
  }

  /** The ids of the app's processes in this session. */
  appProcesses() {
    return this.#sessionProcesses(program);
  }

  /** The processes of this session whose program's name starts so. */
  #sessionProcesses(start) {
    const mine = `HOME=${this.home}`;
    const read = (id, what) => {
      try {
        return readFileSync(`/proc/${id}/${what}`, "utf8").split("\0");
      } catch {
        // It ended while we looked.
        return [""];
      }
    };
    const ids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return ids
      .filter((id) => read(id, "cmdline")[0].startsWith(start) && read(id, "environ").includes(mine))
      .map(Number);
  }

  /** Chooses a folder in the system's dialog, by typing its path. */
  chooseFolder(title, folder) {
    // The first key opens the line to type into, which takes a moment and may lose the keys of
    // that moment; what is there then is replaced.
    this.run("xdotool", ["search", "--sync", "--onlyvisible", "--name", `^${title}$`,
      "windowfocus", "--sync", "key", "slash", "sleep", "0.5", "key", "ctrl+a",
      "type", "--delay", "5", folder]);
    this.run("xdotool", ["key", "Return"]);
  }

  /**
   * Chooses an action of a notice as a person does, and waits until it shows. The app listens for
   * answers only from a moment after the notice is up, which a program can be faster than: it asks
   * again until something happens.
   */
  async chooseAction(notice, action, what, happened) {
    await until(what, async () => {
      this.notifications.tell({ invoke: [notice.notice, action] });
      return await happened();
    }, 60);
    this.notifications.tell({ close: notice.notice });
  }

  /** Whether a window with this title can be seen. */
  isVisible(title) {
    const found = spawnSync("xdotool", ["search", "--onlyvisible", "--name", `^${title}$`], {
      env: this.environment,
    });
    return found.status === 0;
  }

  async keepPicture(name) {
    const folder = path.join(here, "../../../target/desktop-failures");
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `${name.replace(/[^\w]+/g, "-")}.png`);
    spawnSync("import", ["-window", "root", file], { env: this.environment });
    console.error(`picture of the failure: ${path.relative(process.cwd(), file)}`);
  }

  async end() {
    await this.#session?.quit().catch(() => {});
    for (const child of this.#processes.reverse()) await stop(child);
    // The page's own processes end after the app, and write into the home folder until then.
    await until("all processes of the session ended", () => {
      const left = this.#sessionProcesses("");
      for (const id of left) signal(id, "SIGKILL");
      return left.length === 0;
    });
    rmSync(this.home, { recursive: true, force: true });
  }
}

function signal(id, name) {
  try {
    process.kill(id, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

async function stop(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exit;
  clearTimeout(patience);
}

async function firstLine(stream) {
  let text = "";
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error("it ended without a word");
}

async function freePort() {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

function listening(port) {
  return until(`somebody listens on port ${port}`, async () => {
    const socket = net.connect(port, "127.0.0.1");
    const answer = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    return answer;
  });
}

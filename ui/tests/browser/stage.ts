// The stage of the browser tests: the design build served under the app's own content security
// policy, in Chromium, with the prototypes frozen as the shell freezes them.
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";

const root = fileURLToPath(new URL("../../dist-design", import.meta.url));
const config = fileURLToPath(new URL("../../../tauri.conf.json", import.meta.url));
const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

export type Theme = "light" | "dark";
export type Look = {
  scenario?: string;
  theme?: Theme;
  width?: number;
  height?: number;
  at?: string;
  reducedMotion?: "reduce" | "no-preference";
};

export type Stage = {
  open(look: Look): Promise<Page>;
  close(): Promise<void>;
  /** What the page complained about: errors, and what the security policy refused. */
  complaints: string[];
};

/** The browser that `scripts/setup test` provides, or the one that `CHROMIUM` names. */
function chromiumHere(): string {
  const places = ["/usr/bin/chromium", "/usr/bin/google-chrome"];
  const found = process.env["CHROMIUM"] ?? places.find((place) => existsSync(place));
  if (!found) throw new Error("no Chromium here: run scripts/setup test, or name one in CHROMIUM");
  return found;
}

async function policy(): Promise<string> {
  const { app } = JSON.parse(await readFile(config, "utf8")) as {
    app: { security: { csp: Record<string, string> } };
  };
  return Object.entries(app.security.csp)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}

async function serve(): Promise<Server> {
  const csp = await policy();
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://stage").pathname;
    const file = normalize(path === "/" ? "/index.html" : path);
    readFile(join(root, file)).then(
      (body) => {
        response.writeHead(200, {
          "content-type": TYPES[extname(file)] ?? "application/octet-stream",
          "content-security-policy": csp,
        });
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

export async function setStage(): Promise<Stage> {
  const server = await serve();
  const { port } = server.address() as AddressInfo;
  const browser: Browser = await chromium.launch({
    executablePath: chromiumHere(),
    // A root without a sandbox, and a container with a small /dev/shm, can run it too.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"],
  });
  const complaints: string[] = [];

  return {
    complaints,
    async open({ scenario = "calm", theme = "light", width = 1280, height = 800, ...look }) {
      const page = await browser.newPage({
        viewport: { width, height },
        colorScheme: theme,
        reducedMotion: look.reducedMotion ?? "reduce",
        locale: "en-GB",
      });
      page.on("pageerror", (error) => complaints.push(`${look.at ?? "#/"}: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(`${look.at ?? "#/"}: ${message.text()}`);
      });
      await page.addInitScript("Object.freeze(Object.prototype)");
      await page.goto(`http://127.0.0.1:${port}/?scenario=${scenario}${look.at ?? "#/"}`);
      await page.getByTestId("main").waitFor();
      return page;
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** Waits until what the page shows has been fetched and drawn. */
export async function settle(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[data-testid="loading"]'));
  await drawn(page);
}

/** Waits until the page says that it is loading, for the screens that show no more than that. */
export async function loading(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  await page.getByTestId("loading").first().waitFor();
  await drawn(page);
}

/** Waits until the page has been drawn as it now is, and every change of its look has ended. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    const finite = document.getAnimations().filter((one) => one instanceof CSSTransition);
    await Promise.allSettled(finite.map((one) => one.finished));
  });
}

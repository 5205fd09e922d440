// The recovery sheet on paper: on a page of its own, dark on white, and allowed by the shell.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drawn, setStage, type Stage, type Theme } from "./stage";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

it.each(["light", "dark"] as Theme[])("is dark on white in a %s window", async (theme) => {
  const page = await stage.open({ scenario: "calm", at: "#/repositories/blue", theme });
  await page.getByTestId("recovery-show").click();
  await page.getByTestId("recovery-sheet").waitFor();
  await page.emulateMedia({ media: "print", colorScheme: theme });
  await drawn(page);
  const look = await page.getByTestId("recovery-password").evaluate((password) => {
    const channels = getComputedStyle(password).color.match(/\d+/g) ?? [];
    const isSeen = (of: Element | null) => of && getComputedStyle(of).visibility === "visible";
    return {
      brightest: Math.max(...channels.map(Number)),
      password: isSeen(password),
      page: isSeen(document.querySelector("h1")),
      button: isSeen(document.querySelector('[data-testid="recovery-print"]')),
    };
  });
  expect(look.brightest).toBeLessThan(64);
  expect(look).toMatchObject({ password: true, page: false, button: false });
  const paper = (await page.pdf({ format: "A4" })).toString("latin1");
  expect(paper.match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
  await page.close();
});

it("can be printed where the shell does it", async () => {
  const config = fileURLToPath(new URL("../../../tauri.conf.json", import.meta.url));
  const { app } = JSON.parse(await readFile(config, "utf8")) as {
    app: { security: { capabilities: { permissions: string[] }[] } };
  };
  const [main] = app.security.capabilities;
  expect(main?.permissions).toEqual([
    "core:event:allow-listen",
    "core:event:allow-unlisten",
    "core:webview:allow-print",
  ]);
});

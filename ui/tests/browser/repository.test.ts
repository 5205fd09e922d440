// The page of a repository while the overview changes under it, and when it cannot be looked at.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { setStage, settle, type Stage } from "./stage";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const asked = (page: Page, command: string) =>
  page.evaluate((name) => performance.getEntriesByName(name).length, command);

it("an overview that changes does not ask for the locks again", async () => {
  const page = await stage.open({ scenario: "calm", at: "#/repositories/blue" });
  await page.getByTestId("locks-none").waitFor();
  await page.getByTestId("repository-rename").fill("Green SSD");
  await page.getByTestId("repository-rename").blur();
  await page.locator("h1", { hasText: "Green SSD" }).waitFor();
  await page.getByTestId("notice").waitFor();
  expect(await asked(page, "repository_locks")).toBe(1);
  await page.close();
});

it("that nobody uses a repository is not said while it is not known", async () => {
  const loading = await stage.open({ scenario: "loading", at: "#/repositories/blue" });
  await loading.getByTestId("locks").getByTestId("loading").waitFor();
  expect(await loading.getByTestId("locks-none").count()).toBe(0);
  await loading.close();

  const failing = await stage.open({ scenario: "error", at: "#/repositories/blue" });
  await settle(failing);
  await failing.getByTestId("locks").getByTestId("load-failed").waitFor();
  expect(await failing.getByTestId("locks-none").count()).toBe(0);
  await failing.close();
});

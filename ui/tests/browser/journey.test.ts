// The first journey by keyboard alone: from the first start to a backup, to a file on its way back.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { setStage, settle, type Stage } from "./stage";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

const TABS_MAX = 60;

const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute("data-testid") ?? "");

/** Goes on by Tab until the element with this handle has the focus. */
async function tabTo(page: Page, testid: string, backwards = false): Promise<void> {
  for (let tabs = 0; tabs < TABS_MAX; tabs += 1) {
    if ((await focused(page)) === testid) return;
    await page.keyboard.press(backwards ? "Shift+Tab" : "Tab");
  }
  throw new Error(`${testid} cannot be reached by Tab; the focus is on ${await focused(page)}`);
}

async function press(page: Page, testid: string): Promise<void> {
  await tabTo(page, testid);
  await page.keyboard.press("Enter");
}

it("leads to the first backup and a file on its way back, without a mouse", async () => {
  const page = await stage.open({ scenario: "first" });
  await page.getByTestId("page-start").waitFor();
  await page.getByTestId("source-size").first().getByText("files").waitFor();

  await tabTo(page, "source-check");
  await page.keyboard.press("Space");
  expect(await page.getByTestId("source-check").first().isChecked()).toBe(false);
  await press(page, "start-next");

  await page.getByTestId("choose-repository-folder").waitFor();
  await press(page, "choose-repository-folder");
  await page.getByTestId("make-password").waitFor();
  await press(page, "make-password");
  await press(page, "start-next");

  await page.getByTestId("recovery-sheet").waitFor();
  await press(page, "start-next");

  await page.getByTestId("plan-name").waitFor();
  await tabTo(page, "schedule-dailyAt");
  await page.keyboard.press("ArrowDown");
  expect(await page.getByTestId("schedule-every").isChecked()).toBe(true);
  await press(page, "start-next");

  await page.getByTestId("strip").waitFor();
  expect(await page.getByTestId("progress").count()).toBe(1);
  await page.locator('[data-testid="health"][data-state="protected"]').waitFor();
  expect(await page.getByTestId("announce-polite").textContent()).toContain("finished");

  await press(page, "nav-snapshots");
  await page.getByTestId("snapshot-open").first().waitFor();
  await press(page, "snapshot-open");
  await page.getByTestId("file-row").first().waitFor();
  await tabTo(page, "file-table");
  for (const folder of ["Taxes"]) {
    await page.keyboard.press("Enter");
    await page.locator(`[data-testid="file-row"][data-name="${folder}"]`).waitFor();
  }
  await page.keyboard.type("Inv");
  await page.keyboard.press("Shift+ArrowDown");
  expect(await page.getByTestId("restore-chosen").textContent()).toContain("2 items");
  await tabTo(page, "restore-chosen", true);
  await page.keyboard.press("Enter");

  await page.getByTestId("page-restore").waitFor();
  await press(page, "restore-choose-folder");
  await page.getByTestId("restore-folder").getByText("Chosen").waitFor();
  await tabTo(page, "restore-preview", true);
  await page.keyboard.press("Enter");
  await page.getByTestId("preview").waitFor();
  await tabTo(page, "restore-start", true);
  await page.keyboard.press("Enter");
  await page.getByTestId("page-operation").waitFor();
  await page.close();
  expect(stage.complaints.splice(0)).toEqual([]);
});

it("days of a plan are walked with the arrow keys", async () => {
  const page = await stage.open({ scenario: "calm" });
  await settle(page);
  await page.getByTestId("days").first().getByRole("button").last().focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Home");
  const label = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
  expect(label).toMatch(/: no backup$/);
  await page.close();
});

it("a dialog opens on Cancel, closes by Escape and gives the focus back", async () => {
  const page = await stage.open({ scenario: "failing", at: "#/repositories/blue" });
  await page.getByTestId("unlock").focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("unlock-dialog").getByTestId("lock").first().waitFor();
  expect(await focused(page)).toBe("dialog-cancel");
  const chosen = page.getByTestId("unlock-choose");
  expect(
    await chosen.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).checked)),
  ).toEqual([false, true, false]);
  await page.keyboard.press("Escape");
  await page.getByTestId("unlock-dialog").waitFor({ state: "detached" });
  expect(await focused(page)).toBe("unlock");
  await page.close();
});

it("a folder of twenty thousand files shows only the rows in sight, and finds any by its name", async () => {
  const page = await stage.open({ scenario: "calm", at: "#/snapshots" });
  await page.getByTestId("snapshot-open").first().click();
  for (const folder of ["Documents", "Archive"]) {
    await page.locator(`[data-name="${folder}"]`).getByTestId("file-open").click();
  }
  await page.locator('[data-testid="file-table"][aria-rowcount="20004"]').waitFor();
  await page.getByTestId("file-table").focus();
  await page.keyboard.press("End");
  await page.locator('[data-name="Scan 19997.xlsx"]').waitFor();
  expect(await page.getByTestId("file-row").count()).toBeLessThan(60);
  await page.keyboard.press("ContextMenu");
  await page.keyboard.press("Escape");
  await page.close();
});

it("text grown to 200 % keeps every screen inside the window", async () => {
  const page = await stage.open({ scenario: "long", width: 1280, height: 900 });
  await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
  for (const at of ["#/", "#/plans/plan-0", "#/snapshots", "#/activity", "#/settings"]) {
    await page.evaluate((to) => (location.hash = to), at);
    await settle(page);
    const over = await page.evaluate(() => {
      const main = document.querySelector("main");
      return main ? main.scrollWidth - main.clientWidth : 0;
    });
    expect(over, at).toBeLessThanOrEqual(0);
  }
  await page.close();
  expect(stage.complaints.splice(0)).toEqual([]);
});

// Every screen of the window, in the states that matter.
import type { Page } from "playwright-core";

export type Screen = {
  name: string;
  scenario: string;
  at: string;
  /** What has to be done before the screen is as it is meant. */
  act?: (page: Page) => Promise<void>;
  /** Loading is what this screen shows. */
  loads?: true;
};

const blueSnapshot = async (page: Page) => {
  await page.getByTestId("snapshot-open").first().click();
  await page.getByTestId("file-open").getByText("Documents").click();
  await page.locator('[data-name="Archive"]').waitFor();
};

const tickThree = async (page: Page) => {
  await blueSnapshot(page);
  for (const row of [0, 3, 5]) await page.getByTestId("file-check").nth(row).click();
};

const restoring = async (page: Page) => {
  await tickThree(page);
  await page.getByTestId("restore-chosen").click();
  await page.getByTestId("page-restore").waitFor();
};

const toWhere = async (page: Page) => {
  await page.getByTestId("source-size").first().getByText("files").waitFor();
  await page.getByTestId("start-next").click();
  await page.getByTestId("choose-repository-folder").click();
  await page.getByTestId("repository-password").waitFor();
  await page.getByTestId("make-password").click();
};

const toSheet = async (page: Page) => {
  await toWhere(page);
  await page.getByTestId("start-next").click();
  await page.getByTestId("recovery-sheet").waitFor();
};

const examined = async (page: Page) => {
  await page.getByTestId("doctor-look").click();
  await page.getByTestId("check").first().waitFor();
};

const addHook = async (page: Page) => {
  await page.getByTestId("hook-name").fill("To the family");
  await page.getByTestId("hook-to").fill("ada@example.org");
  await page.getByTestId("hook-token").fill("secret");
  await page.getByTestId("hook-save").click();
  await page.getByTestId("hook-row").scrollIntoViewIfNeeded();
};

/** On some days, in certain hours, spread: everything a timing can be. */
const editHours = async (page: Page) => {
  await page.getByTestId("plan-edit").click();
  await page.getByTestId("schedule-further").click();
  await page.getByTestId("schedule-onDays").check();
  await page.getByTestId("timing-more").locator("summary").click();
  await page.getByTestId("timing-windowed").check();
  await page.getByTestId("window-to").fill("soon");
  await page.getByTestId("window-to").blur();
  await page.getByTestId("schedule-days").scrollIntoViewIfNeeded();
};

export const screens: Screen[] = [
  {
    name: "start-what",
    scenario: "first",
    at: "#/start",
    act: (page) => page.getByTestId("source-size").first().getByText("files").waitFor(),
  },
  { name: "start-where", scenario: "first", at: "#/start", act: toWhere },
  { name: "start-sheet", scenario: "first", at: "#/start", act: toSheet },
  {
    name: "start-when",
    scenario: "first",
    at: "#/start",
    act: async (page) => {
      await toSheet(page);
      await page.getByTestId("start-next").click();
      await page.getByTestId("plan-name").waitFor();
    },
  },
  { name: "overview", scenario: "calm", at: "#/" },
  { name: "overview-busy", scenario: "busy", at: "#/" },
  { name: "overview-failing", scenario: "failing", at: "#/" },
  { name: "overview-waiting", scenario: "waiting", at: "#/" },
  { name: "overview-paused", scenario: "paused", at: "#/" },
  {
    name: "overview-pause",
    scenario: "calm",
    at: "#/",
    act: async (page) => {
      await page.getByTestId("pause").click();
      await page.getByTestId("pause-hour").waitFor();
    },
  },
  { name: "overview-empty", scenario: "empty", at: "#/" },
  { name: "overview-long", scenario: "long", at: "#/" },
  { name: "overview-bare", scenario: "bare", at: "#/" },
  { name: "plans", scenario: "calm", at: "#/plans" },
  { name: "plans-empty", scenario: "empty", at: "#/plans" },
  { name: "plan", scenario: "calm", at: "#/plans/documents" },
  { name: "plan-busy", scenario: "busy", at: "#/plans/documents" },
  { name: "plan-failing", scenario: "failing", at: "#/plans/documents" },
  { name: "plan-long", scenario: "long", at: "#/plans/plan-0" },
  { name: "plan-error", scenario: "error", at: "#/plans/documents" },
  {
    name: "plan-edit",
    scenario: "calm",
    at: "#/plans/documents",
    act: (page) => page.getByTestId("plan-edit").click(),
  },
  { name: "plan-edit-days", scenario: "calm", at: "#/plans/documents", act: editHours },
  { name: "plan-new", scenario: "calm", at: "#/plans/new" },
  { name: "snapshots", scenario: "calm", at: "#/snapshots" },
  { name: "snapshots-empty", scenario: "empty", at: "#/snapshots" },
  { name: "snapshots-loading", scenario: "loading", at: "#/snapshots", loads: true },
  { name: "snapshots-error", scenario: "error", at: "#/snapshots" },
  {
    name: "snapshot-forget",
    scenario: "calm",
    at: "#/snapshots",
    act: (page) => page.getByTestId("snapshot-forget").first().click(),
  },
  { name: "snapshot", scenario: "calm", at: "#/snapshots", act: tickThree },
  { name: "restore", scenario: "calm", at: "#/snapshots", act: restoring },
  {
    name: "restore-preview",
    scenario: "calm",
    at: "#/snapshots",
    act: async (page) => {
      await restoring(page);
      await page.getByTestId("restore-place-original").check();
      await page.getByTestId("restore-conflict-replace").check();
      await page.getByTestId("restore-preview").click();
      await page.getByTestId("preview").waitFor();
    },
  },
  { name: "restore-empty", scenario: "calm", at: "#/restore" },
  { name: "activity", scenario: "calm", at: "#/activity" },
  { name: "activity-busy", scenario: "busy", at: "#/activity" },
  { name: "activity-paused", scenario: "paused", at: "#/activity" },
  { name: "activity-empty", scenario: "empty", at: "#/activity" },
  { name: "operation", scenario: "calm", at: "#/activity/op-8" },
  { name: "operation-findings", scenario: "calm", at: "#/activity/op-5" },
  { name: "operation-failed", scenario: "failing", at: "#/activity/op-9" },
  { name: "operation-running", scenario: "busy", at: "#/activity/run-1" },
  { name: "repositories", scenario: "failing", at: "#/repositories" },
  { name: "repositories-empty", scenario: "empty", at: "#/repositories" },
  { name: "repository", scenario: "calm", at: "#/repositories/blue" },
  { name: "repository-locked", scenario: "failing", at: "#/repositories/blue" },
  {
    name: "repository-unlock",
    scenario: "failing",
    at: "#/repositories/blue",
    act: (page) => page.getByTestId("unlock").click(),
  },
  {
    name: "repository-password",
    scenario: "failing",
    at: "#/repositories/nas",
    act: (page) => page.getByTestId("problem-action-enterPassword").click(),
  },
  { name: "repository-new", scenario: "calm", at: "#/repositories/new" },
  { name: "doctor", scenario: "calm", at: "#/doctor", act: examined },
  { name: "doctor-empty", scenario: "calm", at: "#/doctor" },
  { name: "settings", scenario: "calm", at: "#/settings" },
  { name: "settings-hooks", scenario: "calm", at: "#/settings/hooks/new", act: addHook },
  {
    name: "settings-quiet",
    scenario: "calm",
    at: "#/settings",
    act: async (page) => {
      await page.getByTestId("setting-quietHours").click();
      await page.getByTestId("quiet-to").fill("7 am");
      await page.getByTestId("quiet-to").blur();
      await page.getByTestId("setting-quietHours-said").getByText("07:00").waitFor();
    },
  },
  {
    name: "hook-new",
    scenario: "calm",
    at: "#/settings/hooks/new",
    act: async (page) => {
      await page.getByTestId("hook-channel").selectOption("webhook");
      await page.getByTestId("hook-scope-plans").check();
      for (const more of await page.locator("details").all()) await more.locator("summary").click();
      await page.getByTestId("hook-test").click();
      await page.getByTestId("hook-arrived").waitFor();
      await page.getByTestId("hook-name").scrollIntoViewIfNeeded();
    },
  },
  {
    name: "hook",
    scenario: "calm",
    at: "#/settings/hooks/new",
    act: async (page) => {
      await addHook(page);
      await page.getByTestId("hook-row").click();
      await page.getByTestId("hook-remove").waitFor();
      await page.getByTestId("hook-preview").getByText("Documents").first().waitFor();
      await page.getByTestId("hook-preview").scrollIntoViewIfNeeded();
    },
  },
  { name: "settings-bare", scenario: "bare", at: "#/settings" },
];

import { expect, it } from "vitest";
import type { Client } from "@/api/client";
import type { FolderSuggestion, RepositoryDraft, RepositoryProbe, Schedule } from "@/api/types";
import { PlanForm } from "./plan-form.svelte";
import { RepositoryForm } from "./repository-form.svelte";
import { dailyAt, everyHours, kindOf, readTime, scheduleWords } from "./timing";

const offered: FolderSuggestion[] = [
  { path: "/home/ada/Documents", kind: "documents", selected: true },
  { path: "/home/ada/Music", kind: "music", selected: false },
];

function clientWith(commands: Partial<Client>): Client {
  return {
    suggestSources: () => Promise.resolve(offered),
    excludePresets: () =>
      Promise.resolve(
        ["caches", "trash", "buildOutput", "virtualMachines"].map((id) => ({
          id,
          title: id,
          patterns: [],
        })),
      ),
    measureFolder: (path: string) =>
      Promise.resolve({ path, files: 2, bytes: 100, complete: true }),
    ...commands,
  } as Client;
}

async function suggested(commands: Partial<Client> = {}): Promise<PlanForm> {
  const form = new PlanForm(clientWith(commands));
  await form.suggest();
  await Promise.resolve();
  return form;
}

it("a new plan offers the person's folders, measured, and leaves out only what can be made again", async () => {
  const form = await suggested();
  expect(form.chosen.map((source) => source.path)).toEqual(["/home/ada/Documents"]);
  expect(form.total).toEqual({ files: 2, bytes: 100, complete: true });
  expect(form.draft.excludes.presets).toEqual(["caches", "buildOutput"]);
});

it("a plan is named after its folder until the person names it", async () => {
  const form = await suggested();
  expect(form.name).toBe("Documents");
  form.choose("/home/ada/Music", true);
  expect(form.name).toBe("My files");
  form.nameIt("Letters");
  form.choose("/home/ada/Music", false);
  expect(form.name).toBe("Letters");
});

it("a folder that is added twice is one folder", async () => {
  const form = await suggested();
  form.add("/srv/data");
  form.add("/srv/data");
  expect(form.draft.sources).toEqual(["/home/ada/Documents", "/srv/data"]);
});

it("folders that cannot be listed do not keep a plan from being made", async () => {
  const form = await suggested({ suggestSources: () => Promise.reject(new Error("no home")) });
  expect(form.suggestionsFailed).toBe(true);
  form.add("/srv/data");
  form.repository = "blue";
  expect(form.missing).toBeUndefined();
});

it("a plan without a folder, a name or a repository says what is missing", async () => {
  const form = await suggested();
  expect(form.missing).toBe("Choose where the backups go.");
  form.choose("/home/ada/Documents", false);
  expect(form.missing).toBe("Choose at least one folder.");
});

const EIGHT = { hour: 8, minute: 0 };
const TEN_PAST_NINE = { hour: 21, minute: 10 };

it.each<[Schedule, string]>([
  [{ type: "manual" }, "Only when I start it"],
  [dailyAt({ hour: 7, minute: 5 }), "Every day at 07:05"],
  [everyHours(1), "Every hour"],
  [{ type: "every", count: 15, unit: "minutes" }, "Every 15 minutes"],
  [{ type: "every", count: 2, unit: "days" }, "Every 2 days"],
  [
    { type: "weekly", days: ["friday", "monday"], times: [EIGHT, TEN_PAST_NINE] },
    "Monday, Friday at 08:00, 21:10",
  ],
  [
    { type: "monthly", days: [1, 15, -1], times: [EIGHT] },
    "Every month on day 1, 15, the last at 08:00",
  ],
])("says a schedule in words: %o", (schedule, words) => {
  expect(scheduleWords(schedule)).toBe(words);
});

it("a schedule that the form does not offer is none of its choices and stays", () => {
  expect(kindOf({ type: "weekly", days: ["friday"], times: [EIGHT] })).toBe("other");
  expect(kindOf(dailyAt(EIGHT))).toBe("dailyAt");
});

it("the next runs are the app's, and those of the schedule as it is now", async () => {
  const answers: ((runs: number[]) => void)[] = [];
  const asked: unknown[] = [];
  const form = new PlanForm(
    clientWith({
      upcomingRuns: ({ schedule }, plan) => {
        asked.push([kindOf(schedule), plan]);
        return new Promise((answer) => answers.push(answer));
      },
    }),
  );
  const first = form.lookAhead();
  form.setSchedule("everyHours");
  const second = form.lookAhead();
  answers[1]?.([4, 8]);
  answers[0]?.([20]);
  await Promise.all([first, second]);
  expect(asked).toEqual([
    ["dailyAt", undefined],
    ["everyHours", undefined],
  ]);
  expect(form.upcoming).toEqual([4, 8]);
});

it("the next runs of a plan that is edited are asked for by its name", async () => {
  const asked: unknown[] = [];
  const form = new PlanForm(
    clientWith({
      upcomingRuns: (_, plan) => {
        asked.push(plan);
        return Promise.reject(new Error("gone"));
      },
    }),
  );
  await form.edit({
    id: "photos",
    name: "Photos",
    repository: "blue",
    sources: [],
    excludes: form.excludes,
    timing: { schedule: { type: "manual" }, spreadMinutes: 0 },
  } as never);
  await form.lookAhead();
  expect([asked, form.upcoming]).toEqual([["photos"], []]);
});

async function placed(
  found: RepositoryProbe | ((draft: RepositoryDraft) => RepositoryProbe),
  answer?: (draft: RepositoryDraft) => RepositoryProbe,
) {
  const probe = (draft: RepositoryDraft) => (typeof found === "function" ? found(draft) : found);
  const added: RepositoryDraft[] = [];
  const form = new RepositoryForm(
    clientWith({
      probeRepository: (draft) =>
        Promise.resolve(draft.password && answer ? answer(draft) : probe(draft)),
      addRepository: (draft) => {
        added.push(draft);
        return Promise.resolve({ id: "new" } as never);
      },
    }),
    true,
  );
  await form.use("/media/blue");
  return { form, added };
}

it("a folder with other files gets a folder of its own inside", async () => {
  const { form } = await placed(({ location: { path } }) => ({
    state: path.endsWith("Holdfast") ? "absent" : "occupied",
    writable: true,
  }));
  expect(form.isUsable).toBe(true);
  expect(form.location).toBe("/media/blue/Holdfast");
});

it("the repository in a folder's own subfolder is found again and adopted", async () => {
  const asked: string[] = [];
  const form = new RepositoryForm(
    clientWith({
      probeRepository: ({ location: { path } }) => {
        asked.push(path);
        return Promise.resolve(
          path === "/media/blue/Holdfast"
            ? { state: "repository", snapshotCount: 3, writable: true }
            : { state: "occupied", writable: true },
        );
      },
    }),
    true,
  );
  await form.use("/media/blue");
  expect(asked).toEqual(["/media/blue", "/media/blue/Holdfast"]);
  expect(form.isExisting).toBe(true);
  expect(form.draft.location.path).toBe("/media/blue/Holdfast");
  expect(form.draft.create).toBe(false);
});

it("a subfolder that holds other files is not written into", async () => {
  const { form } = await placed({ state: "occupied", writable: true });
  expect(form.isUsable).toBe(false);
});

it("nothing is saved while the two passwords differ", async () => {
  const { form, added } = await placed({ state: "empty", writable: true });
  form.password = "long enough";
  form.again = "long enougH";
  expect(await form.save()).toBeUndefined();
  expect(form.againError).toBe("The two passwords differ.");
  expect(added).toEqual([]);
});

it("a password that was made is shown and needs no second entry", async () => {
  const { form, added } = await placed({ state: "empty", writable: true });
  form.makePassword();
  expect(form.password).toMatch(/^([a-z2-9]{5}-){4}[a-z2-9]{5}$/);
  expect(await form.save()).toBeDefined();
  expect(added[0]?.create).toBe(true);
});

it("an existing repository is adopted only when its password opens it", async () => {
  const { form, added } = await placed({ state: "repository", writable: true }, (draft) => ({
    state: "repository",
    writable: true,
    opens: draft.password === "right",
  }));
  form.password = "wrong";
  expect(await form.save()).toBeUndefined();
  expect(form.passwordProblem?.code).toBe("wrongPassword");
  form.password = "right";
  expect(await form.save()).toBeDefined();
  expect(added.map((draft) => draft.create)).toEqual([false]);
});

it("a place that cannot be written to is refused before a password is asked for", async () => {
  const { form } = await placed({ state: "empty", writable: false });
  expect(form.isUsable).toBe(false);
});

it.each([
  ["20:05", { hour: 20, minute: 5 }],
  ["20.05", { hour: 20, minute: 5 }],
  ["0705", { hour: 7, minute: 5 }],
  ["8", { hour: 8, minute: 0 }],
  ["8 pm", { hour: 20, minute: 0 }],
  ["12:30am", { hour: 0, minute: 30 }],
  ["24:00", undefined],
  ["13 pm", undefined],
  ["soon", undefined],
])("the time %s is understood", (text, time) => expect(readTime(text)).toEqual(time));

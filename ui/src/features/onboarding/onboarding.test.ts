import { expect, it } from "vitest";
import type { Client } from "@/api/client";
import type { PlanDraft, Problem } from "@/api/types";
import { Onboarding } from "./onboarding.svelte";

const busy: Problem = {
  code: "repositoryBusy",
  title: "The repository is in use",
  meaning: "",
  advice: "",
  actions: [],
};

function start(more: Partial<Client> = {}) {
  const calls: string[] = [];
  const client = {
    suggestSources: () =>
      Promise.resolve([{ path: "/home/ada/Documents", kind: "documents", selected: true }]),
    excludePresets: () => Promise.resolve([]),
    measureFolder: (path: string) => Promise.resolve({ path, files: 1, bytes: 1, complete: true }),
    probeRepository: () => Promise.resolve({ state: "empty", writable: true }),
    addRepository: () => Promise.resolve({ id: "blue", name: "Blue" }),
    recoverySheet: () => Promise.resolve({ location: "/media/blue", password: "p", steps: [] }),
    checkPlan: () => Promise.resolve([]),
    addPlan: (draft: PlanDraft) => {
      calls.push(`add ${draft.name} to ${draft.repository}`);
      return Promise.resolve({ id: "plan-1" });
    },
    runPlan: (id: string) => {
      calls.push(`run ${id}`);
      return Promise.resolve({ operation: "op-1", joined: false });
    },
    ...more,
  } as unknown as Client;
  return { flow: new Onboarding(client, true), calls };
}

async function toWhen(flow: Onboarding) {
  await flow.plan.suggest();
  await flow.next();
  await flow.where.use("/media/blue");
  flow.where.makePassword();
  await flow.next();
  await flow.next();
}

it("leads from folders over a place and its sheet to the first backup", async () => {
  const { flow, calls } = start();
  const steps: string[] = [flow.step];
  await flow.plan.suggest();
  await flow.next();
  steps.push(flow.step);
  await flow.where.use("/media/blue");
  flow.where.makePassword();
  await flow.next();
  steps.push(flow.step);
  await flow.next();
  steps.push(flow.step);
  expect(await flow.start()).toBe(true);
  expect(steps).toEqual(["what", "where", "sheet", "when"]);
  expect(calls).toEqual(["add Documents to blue", "run plan-1"]);
});

it("does not go on without a folder", async () => {
  const { flow } = start({ suggestSources: () => Promise.resolve([]) });
  await flow.plan.suggest();
  await flow.next();
  expect(flow.step).toBe("what");
});

it("a place that was saved is not saved again on the way back", async () => {
  let added = 0;
  const { flow } = start({
    addRepository: () => {
      added += 1;
      return Promise.resolve({ id: "blue", name: "Blue" } as never);
    },
  });
  await toWhen(flow);
  flow.back();
  await flow.next();
  expect(flow.step).toBe("when");
  expect(added).toBe(1);
});

it("a run that cannot start keeps the plan and is tried again without a second plan", async () => {
  let tries = 0;
  const { flow, calls } = start({
    runPlan: () => {
      tries += 1;
      return tries === 1
        ? Promise.reject(busy)
        : Promise.resolve({ operation: "op-1", joined: false });
    },
  });
  await toWhen(flow);
  expect(await flow.start()).toBe(false);
  expect(flow.problem?.code).toBe("repositoryBusy");
  expect(await flow.start()).toBe(true);
  expect(calls).toEqual(["add Documents to blue"]);
});

it("a sheet that cannot be shown does not hold the first backup up", async () => {
  const { flow } = start({ recoverySheet: () => Promise.reject(busy) });
  await flow.plan.suggest();
  await flow.next();
  await flow.where.use("/media/blue");
  flow.where.makePassword();
  await flow.next();
  expect(flow.step).toBe("when");
});

it("what stands in the way is shown once; starting all the same is the person's right", async () => {
  const { flow, calls } = start({ checkPlan: () => Promise.resolve([busy]) });
  await toWhen(flow);
  expect(await flow.start()).toBe(false);
  expect(flow.plan.isWarned).toBe(true);
  expect(calls).toEqual([]);
  flow.plan.nameIt("Letters");
  expect(flow.plan.isWarned).toBe(false);
  await flow.start();
  expect(await flow.start()).toBe(true);
  expect(calls).toEqual(["add Letters to blue", "run plan-1"]);
});

import { expect, it } from "vitest";
import type { Client } from "@/api/client";
import type { FolderSuggestion, RepositoryDraft, RepositoryProbe } from "@/api/types";
import { PlanForm } from "./plan-form.svelte";
import { RepositoryForm } from "./repository-form.svelte";

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

import { expect, it } from "vitest";
import type { Client } from "@/api/client";
import type { RestorePreview, RestoreRequest } from "@/api/types";
import { Cart } from "@/state/cart.svelte";
import { RestoreFlow, whyNothing } from "./restore.svelte";

function restoring(more: Partial<Client> = {}) {
  const cart = new Cart();
  cart.of("blue", "6b1f", 0);
  cart.set([{ path: "/home/ada/a.txt", kind: "file", size: 1 }], true);
  const asked: RestoreRequest[] = [];
  const started: string[] = [];
  const client = {
    chooseFolder: () => Promise.resolve("/tmp/back"),
    previewRestore: (request: RestoreRequest) => {
      asked.push(request);
      return Promise.resolve({ id: `preview-${asked.length}`, create: 1, overwrite: 0 });
    },
    startRestore: (id: string) => {
      started.push(id);
      return Promise.resolve({ operation: "op-1", joined: false });
    },
    ...more,
  } as unknown as Client;
  return { flow: new RestoreFlow(client, cart), cart, asked, started };
}

it("nothing starts without a preview", async () => {
  const { flow, started } = restoring();
  expect(flow.canPreview).toBe(false);
  expect(await flow.start()).toBeUndefined();
  expect(started).toEqual([]);
});

it("what was previewed is what starts, and the choice is then put away", async () => {
  const { flow, cart, asked, started } = restoring();
  await flow.chooseFolder();
  await flow.look();
  expect(asked[0]?.destination).toEqual({ type: "folder", path: "/tmp/back" });
  expect(await flow.start()).toBe("op-1");
  expect(started).toEqual(["preview-1"]);
  expect(cart.count).toBe(0);
});

it("a choice that was changed needs a new preview", async () => {
  const { flow, started } = restoring();
  await flow.chooseFolder();
  await flow.look();
  flow.onConflict = "replace";
  expect(flow.isFresh).toBe(false);
  expect(await flow.start()).toBeUndefined();
  expect(started).toEqual([]);
});

it("a preview that the app calls outdated is thrown away with its reason shown", async () => {
  const { flow, cart } = restoring({
    startRestore: () =>
      Promise.reject({ code: "previewOutdated", title: "", meaning: "", advice: "", actions: [] }),
  });
  await flow.chooseFolder();
  await flow.look();
  await flow.start();
  expect(flow.problem?.code).toBe("previewOutdated");
  expect(flow.preview).toBeNull();
  expect(cart.count).toBe(1);
});

it("files that are left as they are by choice are not said to be the same", () => {
  const preview = { create: 0, overwrite: 0, unchanged: 2, skip: 3, lost: 0 } as RestorePreview;
  expect(whyNothing(preview)).toContain("files that differ are left as they are");
  expect(whyNothing({ ...preview, skip: 0 })).toContain("everything is there already");
  expect(whyNothing({ ...preview, create: 1 })).toBeUndefined();
});

it("what cannot be restored is not said to be there already", () => {
  const preview = { create: 0, overwrite: 0, unchanged: 0, skip: 0, lost: 5 } as RestorePreview;
  expect(whyNothing(preview)).toContain("cannot be restored");
});

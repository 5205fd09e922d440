import { expect, it } from "vitest";
import { Loader } from "./loader.svelte";

const failing = () => Promise.reject({ code: "storageOffline", title: "Not reached" });

it("a failure stays on screen while it is tried again by itself", async () => {
  const loader = new Loader<number>();
  await loader.load(failing);
  const again = loader.load(failing);
  expect(loader.problem?.code).toBe("storageOffline");
  await again;
  await loader.load(() => Promise.resolve(1));
  expect(loader.problem).toBeNull();
  expect(loader.value).toBe(1);
});

it("a failure that a person tries again gives way to waiting", async () => {
  const loader = new Loader<number>();
  await loader.load(failing);
  const again = loader.again();
  expect(loader.problem).toBeNull();
  await again;
});

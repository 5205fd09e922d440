import { expect, it } from "vitest";
import type { Excludes, ExcludePreset } from "@/api/types";
import { excludedWords } from "./excluded";

const nothing: Excludes = {
  patterns: [],
  caches: false,
  ifPresent: [],
  oneFileSystem: false,
  presets: [],
};
const presets: ExcludePreset[] = [
  { id: "caches", title: "Caches and temporary files", patterns: [] },
  { id: "virtualMachines", title: "Virtual machines and their disks", patterns: [] },
];

it("every kind of what is left out is said", () => {
  const all: Excludes = {
    patterns: ["*.iso"],
    caches: true,
    ifPresent: [".nobackup"],
    largerThan: 250_000_000,
    oneFileSystem: true,
    presets: ["caches", "virtualMachines"],
  };
  expect(excludedWords(all, presets)).toEqual([
    "Caches and temporary files",
    "Virtual machines and their disks",
    "Cache folders that say so themselves",
    "Other drives mounted inside the folders",
    "Files larger than 250 MB",
    "Folders that hold a file named .nobackup",
    "*.iso",
  ]);
});

it("a group that is not known by its title is said by its name", () => {
  expect(excludedWords({ ...nothing, presets: ["caches"] }, [])).toEqual(["caches"]);
});

it("nothing left out is nothing to say", () => {
  expect(excludedWords(nothing, presets)).toEqual([]);
});

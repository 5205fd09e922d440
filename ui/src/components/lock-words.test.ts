import { expect, it } from "vitest";
import type { LockView } from "@/api/types";
import { inTheWay, lockNote } from "./lock-words";

const lock: LockView = {
  id: "6b1f",
  exclusive: true,
  hostname: "mac-mini",
  username: "grace",
  pid: 4711,
  created: 0,
  ours: false,
  verdict: "unknown",
  reasons: [],
  readable: true,
};
const unreadable: LockView = { ...lock, hostname: "", username: "", pid: 0, readable: false };

it("a lock is called by who holds it", () => {
  expect(lockNote(lock)).toBe("In use by grace on mac-mini");
  expect(lockNote({ ...lock, verdict: "dead" })).toBe("Lock left by grace on mac-mini");
  expect(inTheWay(lock)).toBe("In use by grace on mac-mini.");
});

it("a lock that cannot be read has no holder to name", () => {
  expect(lockNote(unreadable)).toBe("A lock that cannot be read");
  expect(inTheWay(unreadable)).toBe("A lock that cannot be read is in the way.");
});

it("a lock without a user or a computer leaves no gap", () => {
  expect(lockNote({ ...lock, username: "" })).toBe("In use by mac-mini");
});

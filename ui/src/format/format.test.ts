import { describe, expect, it } from "vitest";
import {
  baseName,
  breadcrumbs,
  byDay,
  byMonth,
  formatBytes,
  formatDuration,
  formatElapsed,
  formatMoment,
  formatPercent,
  formatTimeLeft,
  parentPath,
  shortenMiddle,
} from ".";

const now = new Date(2026, 10, 21, 14, 5).getTime();
const at = (day: number, hour: number, minute = 0) =>
  new Date(2026, 10, day, hour, minute).getTime();

describe("sizes", () => {
  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1 KB"],
    [1500, "1.5 KB"],
    [999_400, "999 KB"],
    [999_600, "1 MB"],
    [38_400_000_000, "38 GB"],
    [9_960_000_000, "10 GB"],
    [-5, "0 bytes"],
  ])("%i bytes read %s", (bytes, words) => expect(formatBytes(bytes)).toBe(words));

  it("say a hundred percent only of what is finished", () => {
    expect(formatPercent(0.999)).toBe("99 %");
    expect(formatPercent(1)).toBe("100 %");
  });
});

describe("lengths of time", () => {
  it.each([
    [3 * 86_400_000, "3 days"],
    [30 * 3_600_000, "30 hours"],
    [61_000, "1 minute"],
    [400, "0 seconds"],
  ])("%i ms is %s", (millis, words) => expect(formatDuration(millis)).toBe(words));

  it("of work name two units at most", () => {
    expect(formatElapsed(12_000)).toBe("12 s");
    expect(formatElapsed(204_000)).toBe("3 min 24 s");
    expect(formatElapsed(3_900_000)).toBe("1 h 5 min");
  });

  it("left are rounded, so that they do not flicker", () => {
    expect(formatTimeLeft(4)).toBe("a few seconds left");
    expect(formatTimeLeft(31)).toBe("about 40 seconds left");
    expect(formatTimeLeft(179)).toBe("about 3 minutes left");
    expect(formatTimeLeft(3600)).toBe("about 1 hour left");
    expect(formatTimeLeft(5400)).toBe("about 1.5 hours left");
  });
});

describe("moments", () => {
  it.each([
    [now - 20_000, "just now"],
    [now - 5 * 60_000, "5 minutes ago"],
    [at(21, 2), "today 02:00"],
    [at(20, 23, 30), "yesterday 23:30"],
    [at(18, 9), "3 days ago"],
    [at(1, 9), "1 Nov"],
    [new Date(2024, 1, 29).getTime(), "29 Feb 2024"],
    [now + 20 * 60_000, "in 20 minutes"],
    [at(21, 20), "today 20:00"],
    [at(22, 2), "tomorrow 02:00"],
    [at(24, 2), "Tuesday 02:00"],
  ])("%i reads %s", (moment, words) => expect(formatMoment(moment, now)).toBe(words));

  it("of one calendar day stand together, in their order", () => {
    const days = byDay([at(21, 9), at(21, 1), at(20, 23)], (moment) => moment);
    expect(days.map(([, moments]) => moments.length)).toEqual([2, 1]);
    const months = byMonth([at(21, 9), at(1, 0), at(0, 23)], (moment) => moment);
    expect(months.map(([, moments]) => moments.length)).toEqual([2, 1]);
  });
});

describe("paths", () => {
  it("give their last name, whatever computer they are of", () => {
    expect(baseName("/home/ada/Documents/")).toBe("Documents");
    expect(baseName("C:\\Users\\Ada\\Pictures")).toBe("Pictures");
    expect(baseName("/")).toBe("/");
  });

  it("lead up to the root and no further", () => {
    expect(parentPath("/home/ada")).toBe("/home");
    expect(parentPath("/home")).toBe("/");
    expect(parentPath("/")).toBe("/");
    expect(breadcrumbs("/home/ada").map((crumb) => crumb.path)).toEqual(["/home", "/home/ada"]);
  });

  it("are shortened in the middle, never inside a letter", () => {
    const path = `/home/ada/${"long/".repeat(20)}🏔️.jpg`;
    expect([...shortenMiddle(path, 40)]).toHaveLength(40);
    expect(shortenMiddle(path, 40)).toMatch(/^\/home.*….*🏔️\.jpg$/u);
    expect(shortenMiddle("/short", 40)).toBe("/short");
  });
});

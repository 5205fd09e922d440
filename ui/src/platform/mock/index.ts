// The window's app in tests and while designing in a browser: a small world that answers every
// command and lets a backup run, without a disk behind it. Not part of the app's own build.
import type { Platform } from "../platform";
import { overviewOf, SCENARIOS, type Scenario } from "./scenario";
import { problems } from "./things";
import { World } from "./world";

const ANSWER_MILLIS = 60;

/** What the window asks before it shows anything: no scenario keeps that from it. */
const FIRST = ["overview", "settings", "wanted_place"];

export function createMock(query: URLSearchParams): Platform {
  const asked = query.get("scenario") as Scenario | null;
  const scenario = asked && SCENARIOS.includes(asked) ? asked : "first";
  const world = new World(overviewOf(scenario), query.get("theme") ?? "system");
  world.start();

  return {
    listen: (on) => Promise.resolve(world.listen(on)),
    async call(command, args = {}) {
      // So that a test can see what was asked for, and how often.
      performance.mark(command);
      const isFirst = FIRST.includes(command);
      if (scenario === "loading" && !isFirst) return new Promise(() => undefined);
      await new Promise((done) => setTimeout(done, ANSWER_MILLIS));
      if (scenario === "error" && !isFirst) throw problems.unreachable;
      const answer = world.commands[command];
      if (!answer) throw new Error(`the mock knows no command ${command}`);
      return structuredClone(answer(args));
    },
  };
}

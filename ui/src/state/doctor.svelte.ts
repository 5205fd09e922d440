// What the doctor found when it was last asked; kept while the window lives, for the rail knows of
// it too. It looks only when somebody asks.
import { client } from "@/api";
import type { Client } from "@/api/client";
import { asProblem } from "@/api/client";
import type { CheckGroup, CheckView, DoctorReport, FixAction, Problem, Verdict } from "@/api/types";

/** The gravest first; the order in which checks are shown. */
const VERDICTS: Verdict[] = ["fail", "warn", "couldNotLook", "note", "pass"];

const rank = ({ verdict }: CheckView) => VERDICTS.indexOf(verdict);

/** Checks by group; the group with the gravest first, and the gravest first in it. */
export function byGroup(checks: CheckView[]): [CheckGroup, CheckView[]][] {
  const groups = new Map<CheckGroup, CheckView[]>();
  for (const check of [...checks].sort((one, other) => rank(one) - rank(other))) {
    groups.set(check.group, [...(groups.get(check.group) ?? []), check]);
  }
  return [...groups];
}

export class Doctor {
  report = $state.raw<DoctorReport | null>(null);
  problem = $state.raw<Problem | null>(null);
  looking = $state(false);
  /** Asked for each time: the window is connected after its modules are read. */
  #client: () => Client;

  constructor(by: () => Client) {
    this.#client = by;
  }

  /** How many checks of the last report failed. */
  get failed(): number {
    return this.count("fail");
  }

  count(verdict: Verdict): number {
    return this.report?.checks.filter((check) => check.verdict === verdict).length ?? 0;
  }

  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    this.problem = null;
    try {
      this.report = await this.#client().doctor();
    } catch (failure) {
      this.problem = asProblem(failure);
    }
    this.looking = false;
  }

  /** Does what a check proposes; answers whether it was done. */
  async fix(action: FixAction): Promise<boolean> {
    this.problem = null;
    try {
      await this.#client().fix(action);
      return true;
    } catch (failure) {
      this.problem = asProblem(failure);
      return false;
    }
  }
}

export const doctor = new Doctor(() => client);

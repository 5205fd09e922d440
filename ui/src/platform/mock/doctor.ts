// The mock's doctor: one of each verdict, with and without something that can be done.
import type { CheckView, DoctorReport } from "@/api/types";
import { now } from "./moments";

const checks: CheckView[] = [
  {
    id: "sourceExists",
    group: "source",
    plan: "photos",
    name: "Photos",
    verdict: "fail",
    lookedAt: "The folders are there",
    reading: "Not there: /home/anna/Pictures.",
    why: "What is not there is in no new snapshot.",
    fix: {
      words: "Connect the drive that holds them, or correct the plan.",
      action: { type: "editPlan", plan: "photos" },
    },
  },
  {
    id: "autostart",
    group: "computer",
    verdict: "warn",
    lookedAt: "Holdfast starts at login",
    reading: "It does not.",
    why: "Holdfast backs up only while it runs.",
    fix: { words: "Start Holdfast at login.", action: { type: "startAtLogin" } },
  },
  {
    id: "format",
    group: "repository",
    repository: "blue",
    name: "Blue SSD",
    verdict: "note",
    lookedAt: "The format is known",
    reading: "Version 1, without compression.",
    why: "A format that is not known is not written.",
    fix: {
      words: "Upgrade it when no older program uses it.",
      command: "holdfast migrate upgrade_repo_v2",
    },
  },
  {
    id: "room",
    group: "destination",
    repository: "blue",
    name: "Blue SSD",
    verdict: "pass",
    lookedAt: "There is room for the next backups",
    reading: "412 GB free; a backup stores up to 1.2 GB.",
    why: "A backup that runs out of room makes no snapshot.",
  },
];

export function doctorCommands(): Record<string, (args: Record<string, unknown>) => unknown> {
  return {
    doctor: (): DoctorReport => ({
      at: now(),
      tookMillis: 640,
      checks,
      text: checks.map((check) => `${check.verdict} ${check.lookedAt}\n`).join(""),
    }),
    fix: () => null,
  };
}

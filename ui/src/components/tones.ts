// How a state looks: one tone each, which is a colour and a shape together.
import type { DayState, HealthState, Light, LockVerdict, OperationState } from "@/api/types";

export type Tone =
  "protected" | "attention" | "failed" | "waiting" | "idle" | "running" | "stopped";

export const healthTone: Record<HealthState, Tone> = {
  protected: "protected",
  overdue: "attention",
  failing: "failed",
  neverBackedUp: "idle",
  waiting: "waiting",
  noPlans: "idle",
};

export const stateTone: Record<OperationState, Tone> = {
  queued: "waiting",
  running: "running",
  succeeded: "protected",
  warnings: "attention",
  failed: "failed",
  cancelled: "stopped",
  interrupted: "attention",
};

export const lightTone: Record<Light, Tone> = {
  good: "protected",
  attention: "attention",
  failed: "failed",
  unknown: "idle",
};

export const verdictTone: Record<LockVerdict, Tone> = {
  alive: "waiting",
  dead: "stopped",
  unknown: "attention",
};

export const dayTone: Record<DayState, Tone> = {
  none: "idle",
  good: "protected",
  warnings: "attention",
  failed: "failed",
  missed: "attention",
  waiting: "waiting",
};

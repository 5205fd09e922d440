import { activity } from "./activity";
import { common, health, state } from "./common";
import { doctor } from "./doctor";
import { hooks } from "./hooks";
import { onboarding } from "./onboarding";
import { overview } from "./overview";
import { plans } from "./plans";
import { repositories } from "./repositories";
import { restore } from "./restore";
import { settings } from "./settings";
import { snapshots } from "./snapshots";

export const en = {
  ...common,
  health,
  state,
  onboarding,
  overview,
  plans,
  snapshots,
  restore,
  activity,
  repositories,
  settings,
  hooks,
  doctor,
};

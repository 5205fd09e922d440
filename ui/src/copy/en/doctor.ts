import { counted } from "./common";

export const doctor = {
  title: "Doctor",
  text: "Finds why a backup would fail, before it does.",
  look: "Check now",
  copy: "Copy report",
  copied: "The report is copied. It holds no passwords.",
  at: "Looked at",
  found: (failed: number, warned: number) => {
    const parts = [
      ...(failed > 0 ? [`${counted(failed, "check")} failed`] : []),
      ...(warned > 0 ? [`${counted(warned, "warning")}`] : []),
    ];
    return parts.length > 0 ? `${parts.join(", ")}.` : "Nothing stands in the way of a backup.";
  },
  empty: "Nothing was looked at yet",
  emptyNext: "It takes a few seconds and changes nothing.",
  failing: (count: number) => `${counted(count, "check")} failed`,
  group: {
    source: "Folders",
    destination: "Destinations",
    repository: "Repositories",
    computer: "This computer",
    app: "Holdfast",
  },
  verdict: {
    fail: "Failed",
    warn: "Needs attention",
    couldNotLook: "Could not be looked at",
    note: "Worth knowing",
    pass: "Good",
  },
  fix: {
    excludeRepository: "Leave it out",
    unlock: "Unlock",
    verify: "Verify now",
    run: "Back up now",
    startAtLogin: "Start at login",
    editPlan: "Open plan",
    showRepository: "Open repository",
    enterPassword: "Enter password",
    openSettings: "Open Settings",
    testHook: "Send a test",
  },
  /** What a fix did that was done here; the others lead elsewhere. */
  done: {
    excludeRepository: "The plan leaves the repository out from now on.",
    unlock: "The lock is being removed.",
    verify: "It is being verified.",
    run: "The backup is starting.",
    startAtLogin: "Holdfast starts when you log in.",
    testHook: "The test arrived.",
  },
};

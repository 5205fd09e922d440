// The app's commands, typed. Every failure that leaves here is a `Problem`, whatever went wrong.
import type { Platform } from "@/platform/platform";
import type {
  AppEvent,
  DifferenceView,
  EntryView,
  ExcludePreset,
  FolderSize,
  DoctorReport,
  FixAction,
  FolderSuggestion,
  HookDraft,
  HookOn,
  HookOutcome,
  HookPreview,
  HookView,
  LockView,
  OperationDetail,
  OperationView,
  OperationsQuery,
  Overview,
  PauseFor,
  PauseView,
  PlanDraft,
  PlanView,
  Problem,
  RecoverySheet,
  RepositoryDraft,
  RepositoryPatch,
  RepositoryProbe,
  RepositoryView,
  RestorePreview,
  RestoreRequest,
  Route,
  RunStarted,
  SearchPage,
  SearchQuery,
  Settings,
  SettingsPatch,
  SnapshotView,
  Timing,
  VerifyScope,
  VersionView,
} from "./types";

export type Client = ReturnType<typeof createClient>;

export function createClient(platform: Platform) {
  async function call<T>(command: string, args?: Record<string, unknown>): Promise<T> {
    try {
      return (await platform.call(command, args)) as T;
    } catch (failure) {
      throw asProblem(failure, command);
    }
  }

  return {
    listen: (on: (event: AppEvent) => void) => platform.listen(on),

    /** The place that somebody asked for while there was no window, once. */
    wantedPlace: () => call<Route | null>("wanted_place"),
    overview: () => call<Overview>("overview"),
    settings: () => call<Settings>("settings"),
    changeSettings: (patch: SettingsPatch) => call<Settings>("change_settings", { patch }),

    suggestSources: () => call<FolderSuggestion[]>("suggest_sources"),
    measureFolder: (path: string) => call<FolderSize>("measure_folder", { path }),
    excludePresets: () => call<ExcludePreset[]>("exclude_presets"),
    chooseFolder: (title: string, start?: string) =>
      call<string | null>("choose_folder", { title, start }),
    showInFolder: (path: string) => call<null>("show_in_folder", { path }),

    probeRepository: (draft: RepositoryDraft) =>
      call<RepositoryProbe>("probe_repository", { draft }),
    addRepository: (draft: RepositoryDraft) => call<RepositoryView>("add_repository", { draft }),
    changeRepository: (id: string, patch: RepositoryPatch) =>
      call<RepositoryView>("change_repository", { id, patch }),
    removeRepository: (id: string) => call<null>("remove_repository", { id }),
    enterPassword: (id: string, password: string, remember: boolean) =>
      call<null>("enter_password", { id, password, remember }),
    repositoryLocks: (id: string) => call<LockView[]>("repository_locks", { id }),
    unlock: (id: string, lockIds: string[]) => call<OperationView>("unlock", { id, lockIds }),
    recoverySheet: (id: string) => call<RecoverySheet>("recovery_sheet", { id }),
    verifyRepository: (id: string, scope: VerifyScope) =>
      call<RunStarted>("verify_repository", { id, scope }),
    refreshRepository: (id: string) => call<RepositoryView>("refresh_repository", { id }),

    doctor: () => call<DoctorReport>("doctor"),
    fix: (action: FixAction) => call<null>("fix", { action }),

    hooks: () => call<HookView[]>("hooks"),
    addHook: (draft: HookDraft) => call<HookView>("add_hook", { draft }),
    changeHook: (id: string, draft: HookDraft) => call<HookView>("change_hook", { id, draft }),
    removeHook: (id: string) => call<null>("remove_hook", { id }),
    renderHook: (draft: HookDraft, on: HookOn) => call<HookPreview>("render_hook", { draft, on }),
    testHook: (id: string | null, draft: HookDraft) =>
      call<HookOutcome>("test_hook", { id, draft }),

    checkPlan: (draft: PlanDraft) => call<Problem[]>("check_plan", { draft }),
    upcomingRuns: (timing: Timing, plan?: string) =>
      call<number[]>("upcoming_runs", { timing, plan }),
    addPlan: (draft: PlanDraft) => call<PlanView>("add_plan", { draft }),
    changePlan: (id: string, draft: PlanDraft) => call<PlanView>("change_plan", { id, draft }),
    removePlan: (id: string) => call<null>("remove_plan", { id }),
    runPlan: (id: string) => call<RunStarted>("run_plan", { id }),
    runAll: () => call<RunStarted[]>("run_all"),

    snapshots: (repository: string, plan?: string) =>
      call<SnapshotView[]>("snapshots", { repository, plan }),
    snapshotEntries: (repository: string, snapshot: string, path: string) =>
      call<EntryView[]>("snapshot_entries", { repository, snapshot, path }),
    search: (query: SearchQuery) => call<SearchPage>("search", { query }),
    fileVersions: (repository: string, path: string, like?: string) =>
      call<VersionView[]>("file_versions", { repository, path, like }),
    difference: (repository: string, before: string, after: string) =>
      call<DifferenceView>("difference", { repository, before, after }),
    leaveSnapshot: (snapshot: string) => call<null>("leave_snapshot", { snapshot }),
    forgetSnapshots: (repository: string, ids: string[]) =>
      call<RunStarted>("forget_snapshots", { repository, ids }),
    previewRestore: (request: RestoreRequest) =>
      call<RestorePreview>("preview_restore", { request }),
    startRestore: (previewId: string) => call<RunStarted>("start_restore", { previewId }),

    operations: (query: OperationsQuery) => call<OperationView[]>("operations", { query }),
    operationDetail: (id: string) => call<OperationDetail>("operation_detail", { id }),
    cancelOperation: (id: string) => call<null>("cancel_operation", { id }),
    stopAll: () => call<null>("stop_all"),
    pause: (length: PauseFor) => call<PauseView>("pause", { length }),
    resume: () => call<null>("resume"),
    retryOperation: (id: string) => call<RunStarted>("retry_operation", { id }),
  };
}

/** What a command failed with, as a problem that can be shown; a failure of the wire included. */
export function asProblem(failure: unknown, command = "the window"): Problem {
  if (isProblem(failure)) return failure;
  return {
    code: "unexpected",
    title: "Holdfast could not do that",
    meaning: "Nothing was changed. Your snapshots are safe.",
    advice: "Try again. If it keeps happening, restart Holdfast.",
    actions: [],
    details: `${command}: ${failure instanceof Error ? failure.message : String(failure)}`,
  };
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<Problem>).code === "string" &&
    typeof (value as Partial<Problem>).title === "string"
  );
}

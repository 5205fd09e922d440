// The mock's world: it answers commands by changing its overview, and tells the window by events.
import type {
  AppEvent,
  OperationDetail,
  OperationView,
  OperationsQuery,
  Overview,
  PauseFor,
  PlanDraft,
  PlanView,
  Progress,
  RepositoryDraft,
  RepositoryPatch,
  RepositoryProbe,
  RepositoryView,
  RestorePreview,
  RestoreRequest,
  SearchQuery,
  SettingsPatch,
  SnapshotView,
  Theme,
  Timing,
} from "@/api/types";
import { doctorCommands } from "./doctor";
import { hookCommands } from "./hooks";
import { MINUTE, now } from "./moments";
import { settings } from "./scenario";
import { difference, search, versions } from "./searching";
import {
  locks,
  makeEntries,
  makeOperation,
  makePause,
  makePlan,
  makeRepository,
  makeSnapshots,
  nextRuns,
} from "./things";
import { problems } from "./things";

const STEP_MILLIS = 150;
const STEPS = 40;
const TOTAL_BYTES = 6_420_000_000;
const TOTAL_FILES = 8_204;

type Arguments = Record<string, unknown>;
type Answer = (args: Arguments) => unknown;

export class World {
  #listeners = new Set<(event: AppEvent) => void>();
  #overview: Overview;
  #settings;
  #count = 0;
  #folder = 0;
  readonly commands: Record<string, Answer>;

  constructor(overview: Overview, theme: string) {
    this.#overview = overview;
    this.#settings = { ...settings, theme: theme as Theme };
    this.commands = {
      ...this.#reading(),
      ...this.#changing(),
      ...this.#doing(),
      ...hookCommands(),
      ...doctorCommands(),
    };
  }

  listen(on: (event: AppEvent) => void): () => void {
    this.#listeners.add(on);
    return () => this.#listeners.delete(on);
  }

  /** Lets what runs at the start go on, slowly. */
  start(): void {
    for (const operation of this.#overview.running) {
      if (operation.state === "running") operation.progress = progressAt(17, true);
    }
  }

  #tell(event: AppEvent): void {
    const copy = structuredClone(event);
    for (const on of this.#listeners) on(copy);
  }

  #changed(): void {
    this.#tell({ type: "overview", overview: this.#overview });
  }

  #plan(id: unknown): PlanView {
    const plan = this.#overview.plans.find((one) => one.id === id);
    if (!plan) throw new Error(`no plan ${String(id)}`);
    return plan;
  }

  #repository(id: unknown): RepositoryView {
    const repository = this.#overview.repositories.find((one) => one.id === id);
    if (!repository) throw new Error(`no repository ${String(id)}`);
    return repository;
  }

  #operation(id: unknown): OperationView | undefined {
    const { running, recent } = this.#overview;
    return [...running, ...recent].find((one) => one.id === id);
  }

  #reading(): Record<string, Answer> {
    return {
      wanted_place: () => null,
      overview: () => this.#overview,
      settings: () => this.#settings,
      suggest_sources: () => [
        { path: "/home/ada/Documents", kind: "documents", selected: true },
        { path: "/home/ada/Pictures", kind: "pictures", selected: true },
        { path: "/home/ada/Desktop", kind: "desktop", selected: true },
        { path: "/home/ada/Music", kind: "music", selected: false },
        { path: "/home/ada/Videos", kind: "videos", selected: false },
        { path: "/home/ada/Downloads", kind: "downloads", selected: false },
      ],
      measure_folder: ({ path }) => {
        const length = String(path).length;
        return { path, files: length * 431, bytes: length * 271_000_000, complete: true };
      },
      exclude_presets: () => [
        { id: "caches", title: "Caches of programs", patterns: [".cache", "Cache", "*.tmp"] },
        { id: "buildOutput", title: "Build output", patterns: ["node_modules", "target", "build"] },
        { id: "virtualMachines", title: "Virtual machines", patterns: ["*.vdi", "*.qcow2"] },
        { id: "cloud", title: "Placeholders of cloud folders", patterns: ["*.cloud", "*.icloud"] },
      ],
      choose_folder: () => {
        this.#folder += 1;
        return this.#folder === 1 ? "/media/ada/Blue SSD" : `/home/ada/Chosen ${this.#folder}`;
      },
      probe_repository: ({ draft }) => probe(draft as RepositoryDraft),
      repository_locks: ({ id }) => this.#repository(id).locks,
      recovery_sheet: ({ id }) => ({
        location: this.#repository(id).location.path,
        password: "hqm4k-v8w2p-c3xne-7rjtd-bz5ya",
        steps: [
          "Install restic from restic.net on any computer and connect the drive.",
          `Run: restic -r "${this.#repository(id).location.path}" restore latest --target restored`,
          "Enter the password above. Your files are in the folder “restored”.",
        ],
      }),
      upcoming_runs: ({ timing }) => nextRuns(timing as Timing),
      check_plan: ({ draft }) => ((draft as PlanDraft).sources.length ? [] : [problems.noTray]),
      snapshots: ({ repository, plan }) => this.#snapshots(repository, plan),
      search: ({ query }) => {
        const asked = query as SearchQuery;
        return search(asked, this.#snapshots(asked.repository, asked.plan));
      },
      file_versions: ({ repository }) => versions(this.#snapshots(repository)),
      difference: () => difference(),
      snapshot_entries: ({ path }) => makeEntries(String(path)),
      leave_snapshot: () => null,
      preview_restore: ({ request }) => preview(request as RestoreRequest),
      operations: ({ query }) => this.#operations(query as OperationsQuery),
      operation_detail: ({ id }) => this.#detail(String(id)),
    };
  }

  #snapshots(repository: unknown, plan?: unknown): SnapshotView[] {
    return this.#overview.plans
      .filter((one) => (plan ? one.id === plan : one.repository === repository))
      .flatMap((one) => makeSnapshots(one, one.snapshotCount ? 24 : 0));
  }

  #operations(query: OperationsQuery): OperationView[] {
    const { running, recent } = this.#overview;
    return [...running, ...recent]
      .filter((one) => !query.plan || one.plan === query.plan)
      .filter((one) => !query.repository || one.repository === query.repository)
      .filter((one) => !query.kind || one.kind === query.kind)
      .filter((one) => !query.state || one.state === query.state)
      .slice(0, query.limit);
  }

  #detail(id: string): OperationDetail {
    const operation = this.#operation(id);
    if (!operation) throw new Error(`no operation ${id}`);
    const at = operation.startedAt ?? operation.queuedAt;
    const example = (name: string) => ({
      path: `/home/ada/Documents/Mail/${name}`,
      message: "It is open in another program.",
    });
    return {
      operation,
      log: [
        { at, level: "info", text: `open repository ${operation.repositoryName}` },
        { at: at + 1200, level: "info", text: "using parent snapshot 6b1f20aa" },
        ...(operation.findings
          ? [{ at: at + 9000, level: "warning" as const, text: "could not read archive.pst" }]
          : []),
        ...(operation.problem
          ? [{ at: at + 9000, level: "error" as const, text: operation.problem.details ?? "" }]
          : [{ at: at + 200_000, level: "info" as const, text: "snapshot a83c9d01 saved" }]),
      ],
      findings: operation.findings
        ? [
            {
              kind: "unreadable",
              title: "Open in another program",
              count: operation.findings,
              examples: ["archive.pst", "inbox.pst", "calendar.ics"].map(example),
            },
            {
              kind: "vanished",
              title: "Vanished while reading",
              count: 1,
              examples: [example("tmp~")],
            },
          ]
        : [],
    };
  }

  #changing(): Record<string, Answer> {
    return {
      change_settings: ({ patch }) => {
        this.#settings = { ...this.#settings, ...(patch as SettingsPatch) };
        this.#tell({ type: "settings", settings: this.#settings });
        return this.#settings;
      },
      add_repository: ({ draft }) => this.#addRepository(draft as RepositoryDraft),
      change_repository: ({ id, patch }) => {
        const repository = Object.assign(this.#repository(id), patch as RepositoryPatch);
        this.#changed();
        return repository;
      },
      remove_repository: ({ id }) => {
        this.#overview.repositories = this.#overview.repositories.filter((one) => one.id !== id);
        this.#changed();
        return null;
      },
      enter_password: ({ id, password, remember }) => {
        if (password === "wrong") throw problems.wrongPassword;
        const repository = this.#repository(id);
        repository.secret = remember ? "stored" : "session";
        delete repository.problem;
        this.#changed();
        return repository;
      },
      add_plan: ({ draft }) => {
        const plan = makePlan(`plan-${++this.#count}`, "", draft as PlanDraft);
        plan.health = { state: "neverBackedUp", targetAgeMillis: 26 * 60 * MINUTE };
        plan.days = plan.days.map((cell) => ({ ...cell, state: "none" as const }));
        delete plan.lastRun;
        delete plan.size;
        plan.snapshotCount = 0;
        this.#overview.plans.push(plan);
        this.#overview.health = "neverBackedUp";
        this.#overview.firstStart = false;
        this.#changed();
        return plan;
      },
      change_plan: ({ id, draft }) => {
        const plan = Object.assign(this.#plan(id), draft as PlanDraft);
        this.#changed();
        return plan;
      },
      remove_plan: ({ id }) => {
        this.#overview.plans = this.#overview.plans.filter((plan) => plan.id !== id);
        this.#changed();
        return null;
      },
    };
  }

  #addRepository(draft: RepositoryDraft): RepositoryView {
    if (!draft.create && draft.password === "wrong") throw problems.wrongPassword;
    const repository = makeRepository(`repository-${++this.#count}`, draft.name);
    repository.location = draft.location;
    repository.secret = draft.remember ? "stored" : "session";
    repository.snapshotCount = draft.create ? 0 : 24;
    repository.size = draft.create ? 0 : (repository.size ?? 0);
    repository.lights = { space: "good", verify: "unknown", lock: "good" };
    delete repository.lastVerify;
    this.#overview.repositories.push(repository);
    this.#changed();
    return repository;
  }

  #doing(): Record<string, Answer> {
    return {
      run_plan: ({ id }) => this.#run(this.#plan(id), "backup"),
      run_all: () => this.#overview.plans.map((plan) => this.#run(plan, "backup")),
      start_restore: () => this.#runFirst("restore"),
      verify_repository: () => this.#runFirst("verify"),
      forget_snapshots: () => this.#runFirst("forget"),
      refresh_repository: ({ id }) => this.#repository(id),
      retry_operation: ({ id }) => {
        const plan = this.#overview.plans.find((one) => one.id === this.#operation(id)?.plan);
        return plan ? this.#run(plan, "backup") : this.#runFirst("verify");
      },
      cancel_operation: ({ id }) => {
        this.#end(String(id), "cancelled");
        return null;
      },
      stop_all: () => {
        for (const one of [...this.#overview.running]) this.#end(one.id, "cancelled");
        return null;
      },
      pause: ({ length }) => {
        const paused = makePause(length as PauseFor);
        this.#overview.paused = paused;
        this.#changed();
        return paused;
      },
      resume: () => {
        delete this.#overview.paused;
        this.#changed();
        return null;
      },
      unlock: ({ id, lockIds }) => {
        const repository = this.#repository(id);
        const gone = lockIds as string[];
        repository.locks = repository.locks.filter((lock) => !gone.includes(lock.id));
        if (repository.locks.length === 0) repository.lights.lock = "good";
        this.#changed();
        return null;
      },
      show_in_folder: () => null,
      put_locks: ({ id }) => (this.#repository(id).locks = locks()),
    };
  }

  #runFirst(kind: OperationView["kind"]) {
    const plan = this.#overview.plans[0] ?? makePlan("none", "Nothing");
    return this.#run(plan, kind);
  }

  #run(plan: PlanView, kind: OperationView["kind"]) {
    if (kind === "backup" && plan.running) {
      return { operation: plan.running, joined: true, since: now() - MINUTE };
    }
    const operation = makeOperation(`op-new-${++this.#count}`, plan, {
      hoursAgo: 0,
      kind,
      state: "running",
    });
    operation.repositoryName = this.#repository(plan.repository).name;
    operation.startedAt = operation.queuedAt = now();
    operation.progress = progressAt(0, false);
    if (kind === "backup") plan.running = operation.id;
    this.#overview.running.push(operation);
    this.#changed();
    this.#step(operation.id, 1);
    return { operation: operation.id, joined: false };
  }

  #step(id: string, step: number): void {
    setTimeout(() => {
      const operation = this.#overview.running.find((one) => one.id === id);
      if (!operation) return;
      if (step > STEPS) {
        this.#end(id, "succeeded");
        return;
      }
      const progress = progressAt(step, step > 6);
      operation.progress = progress;
      this.#tell({ type: "progress", operation: id, progress });
      this.#step(id, step + 1);
    }, STEP_MILLIS);
  }

  #end(id: string, state: OperationView["state"]): void {
    const operation = this.#overview.running.find((one) => one.id === id);
    if (!operation) return;
    const plan = this.#overview.plans.find((one) => one.running === id || one.queued === id);
    this.#overview.running = this.#overview.running.filter((one) => one.id !== id);
    operation.state = state;
    operation.finishedAt = now();
    delete operation.progress;
    if (state === "succeeded" && plan) {
      operation.summary = makeOperation("x", plan, { hoursAgo: 3 }).summary;
      plan.health = { ...plan.health, state: "protected", newestGood: now() };
      plan.lastRun = { operation: id, state, at: now() };
      plan.snapshotCount = (plan.snapshotCount ?? 0) + 1;
      plan.size = TOTAL_BYTES;
      const today = plan.days.at(-1);
      if (today) today.state = "good";
    }
    if (plan) {
      delete plan.running;
      delete plan.queued;
    }
    if (this.#overview.plans.every((one) => one.health.state === "protected")) {
      this.#overview.health = "protected";
    }
    this.#overview.recent = [operation, ...this.#overview.recent].slice(0, 8);
    this.#tell({ type: "operation", operation });
    this.#changed();
  }
}

function progressAt(step: number, exact: boolean): Progress {
  const part = step / STEPS;
  const progress: Progress = {
    phase: step === 0 ? "preparing" : step >= STEPS ? "committing" : "working",
    filesDone: Math.round(TOTAL_FILES * part),
    bytesDone: Math.round(TOTAL_BYTES * part),
    exact,
  };
  if (step > 2) {
    progress.filesTotal = TOTAL_FILES;
    progress.bytesTotal = TOTAL_BYTES;
    progress.current = `/home/ada/Documents/Projects/2026/Rebuild of the harbour/Plans ${step}.pdf`;
  }
  if (step > 8) {
    progress.bytesPerSecond = 142_000_000;
    progress.secondsLeft = Math.round((1 - part) * 45);
  }
  return progress;
}

function probe({ location, password }: RepositoryDraft): RepositoryProbe {
  const { path } = location;
  if (path.includes("gone")) return { state: "unreachable", problem: problems.unreachable };
  if (path.includes("restic")) {
    const opens = password ? { opens: password !== "wrong" } : {};
    return { state: "repository", formatVersion: 2, writable: true, ...opens };
  }
  return {
    state: path.includes("Blue") ? "empty" : "occupied",
    freeSpace: 412_000_000_000,
    writable: true,
  };
}

function preview({ items, onConflict, destination }: RestoreRequest): RestorePreview {
  const files = items.flatMap((path) =>
    path.includes(".") ? [{ path, size: 240_000 }] : makeEntries(path).slice(0, 30),
  );
  const entries: RestorePreview["entries"] = files.map(({ path, size }, at) => {
    const target = destination.type === "original" ? path : `${destination.path}${path}`;
    const isThere = destination.type === "original" && at % 3 === 0;
    if (!isThere) return { path: target, action: "create", size };
    const action =
      onConflict === "keepBoth" ? "keepBoth" : onConflict === "skip" ? "skip" : "overwrite";
    return {
      path: target,
      action,
      size,
      existingSize: size + 1200,
      existingModified: now() - 3 * 60 * MINUTE,
    };
  });
  const count = (action: string) => entries.filter((entry) => entry.action === action).length;
  return {
    id: "preview-1",
    create: count("create") + count("keepBoth"),
    overwrite: count("overwrite"),
    unchanged: 4,
    lost: 0,
    skip: count("skip"),
    bytes: entries.reduce((sum, entry) => sum + entry.size, 0),
    entries,
    truncated: false,
    freeSpace: 412_000_000_000,
    problems: [],
  };
}

// A plan while it is written or changed: the draft, the offered folders with their sizes, and what
// is still missing. Used by the first start, by a new plan and by editing in place.
import type { Client } from "@/api/client";
import { asProblem } from "@/api/client";
import type {
  Excludes,
  ExcludePreset,
  FolderSize,
  FolderSuggestion,
  PlanDraft,
  PlanView,
  Problem,
} from "@/api/types";
import { t } from "@/copy";
import { baseName } from "@/format";
import { TimingForm } from "./timing-form.svelte";

export type Source = FolderSuggestion & {
  size: FolderSize | null;
  measuring: boolean;
};

const MEGABYTE = 1_000_000;
/** What can be made again. The rest, a virtual machine above all, is left out only by choice. */
const LEFT_OUT_AT_FIRST = ["caches", "buildOutput"];

export const NO_EXCLUDES: Excludes = {
  patterns: [],
  caches: true,
  ifPresent: [],
  oneFileSystem: false,
  presets: [],
};

export class PlanForm {
  name = $state("");
  repository = $state("");
  sources = $state<Source[]>([]);
  presets = $state.raw<ExcludePreset[]>([]);
  excludes = $state<Excludes>({ ...NO_EXCLUDES });
  readonly when = new TimingForm();
  loading = $state(false);
  suggestionsFailed = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** What the app found when it looked at the draft, and the draft it looked at. */
  warnings = $state.raw<Problem[]>([]);
  /** The plan that is changed; none while a new one is written. */
  plan = $state<string | undefined>();
  #looked = $state("");
  #client: Client;
  #named = false;

  constructor(client: Client) {
    this.#client = client;
  }

  get chosen(): Source[] {
    return this.sources.filter((source) => source.selected);
  }

  get measuring(): boolean {
    return this.chosen.some((source) => source.measuring);
  }

  get total(): { files: number; bytes: number; complete: boolean } {
    const total = { files: 0, bytes: 0, complete: true };
    for (const { size } of this.chosen) {
      total.files += size?.files ?? 0;
      total.bytes += size?.bytes ?? 0;
      total.complete &&= size?.complete ?? false;
    }
    return total;
  }

  get draft(): PlanDraft {
    return {
      name: this.name.trim(),
      repository: this.repository,
      sources: this.chosen.map((source) => source.path),
      excludes: $state.snapshot(this.excludes),
      timing: this.when.timing,
    };
  }

  /** What keeps the plan from being saved, in words; nothing when it is whole. */
  get missing(): string | undefined {
    if (this.chosen.length === 0) return t.plans.needsSource;
    if (!this.name.trim()) return t.plans.needsName;
    if (!this.repository) return t.plans.needsRepository;
    return this.when.missing;
  }

  /** Whether the person has seen what stands in the way of this very draft. */
  get isWarned(): boolean {
    return this.warnings.length > 0 && this.#looked === JSON.stringify(this.draft);
  }

  /**
   * Lets the app look at the draft. Answers whether to go on: when nothing stands in the way, or
   * when the person has seen what does and wants to all the same (a drive may be connected later).
   */
  async check(): Promise<boolean> {
    if (this.isWarned) return true;
    const draft = this.draft;
    this.warnings = await this.#client.checkPlan(draft);
    this.#looked = JSON.stringify(draft);
    return this.warnings.length === 0;
  }

  /** A new plan: the person's own folders, offered with their sizes. */
  async suggest(): Promise<void> {
    this.loading = true;
    const [folders, presets] = await Promise.allSettled([
      this.#client.suggestSources(),
      this.#client.excludePresets(),
    ]);
    this.presets = presets.status === "fulfilled" ? presets.value : [];
    this.excludes.presets = this.presets
      .map((preset) => preset.id)
      .filter((id) => LEFT_OUT_AT_FIRST.includes(id));
    this.suggestionsFailed = folders.status === "rejected";
    if (folders.status === "fulfilled") for (const folder of folders.value) this.#put(folder);
    this.loading = false;
    this.nameAfterSources();
  }

  /** An existing plan, to be changed. */
  async edit(plan: PlanView): Promise<void> {
    this.#named = true;
    this.plan = plan.id;
    this.name = plan.name;
    this.repository = plan.repository;
    this.excludes = structuredClone($state.snapshot(plan.excludes));
    this.when.load(plan.timing);
    this.sources = [];
    for (const path of plan.sources) this.#put({ path, kind: "other", selected: true });
    try {
      this.presets = await this.#client.excludePresets();
    } catch (failure) {
      this.problem = asProblem(failure);
    }
  }

  async addFolder(): Promise<void> {
    this.problem = null;
    try {
      const path = await this.#client.chooseFolder(t.plans.form.chooseFolder);
      if (path) this.add(path);
    } catch (failure) {
      this.problem = asProblem(failure);
    }
  }

  add(path: string): void {
    const known = this.sources.find((source) => source.path === path);
    if (known) known.selected = true;
    else this.#put({ path, kind: "other", selected: true });
    this.nameAfterSources();
  }

  choose(path: string, selected: boolean): void {
    const source = this.sources.find((one) => one.path === path);
    if (!source) return;
    source.selected = selected;
    if (selected && !source.size && !source.measuring) void this.#measure(source);
    this.nameAfterSources();
  }

  remove(path: string): void {
    this.sources = this.sources.filter((source) => source.path !== path);
    this.nameAfterSources();
  }

  /** From here on the name is the person's own. */
  nameIt(name: string): void {
    this.name = name;
    this.#named = name.trim() !== "";
  }

  /** Names the plan after its folders, until the person does. */
  nameAfterSources(): void {
    if (this.#named) return;
    const [first, ...more] = this.chosen;
    if (!first) this.name = "";
    else this.name = more.length === 0 ? baseName(first.path) : t.plans.form.myFiles;
  }

  setPreset(id: string, on: boolean): void {
    const others = this.excludes.presets.filter((one) => one !== id);
    this.excludes.presets = on ? [...others, id] : others;
  }

  get largerThanMegabytes(): string {
    return this.excludes.largerThan ? String(this.excludes.largerThan / MEGABYTE) : "";
  }

  set largerThanMegabytes(text: string) {
    const megabytes = Number(text);
    if (megabytes > 0) this.excludes.largerThan = Math.round(megabytes * MEGABYTE);
    else delete this.excludes.largerThan;
  }

  #put(folder: FolderSuggestion): void {
    this.sources.push({ ...folder, size: null, measuring: false });
    const source = this.sources[this.sources.length - 1];
    if (source) void this.#measure(source);
  }

  async #measure(source: Source): Promise<void> {
    source.measuring = true;
    try {
      source.size = await this.#client.measureFolder(source.path);
    } catch {
      // A folder whose size cannot be told can still be backed up; the row says so.
      source.size = null;
    }
    source.measuring = false;
  }
}

// A place for backups while it is chosen: looked at as soon as it is known, tested with its
// password before anything is saved, then made or adopted.
import type { Client } from "@/api/client";
import { asProblem } from "@/api/client";
import type { Problem, RepositoryDraft, RepositoryProbe, RepositoryView } from "@/api/types";
import { t } from "@/copy";
import { baseName } from "@/format";

const PASSWORD_LENGTH_MIN = 8;
// Without the letters and digits that look alike, so that it can be copied from paper.
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 5;
const GROUP_LENGTH = 5;
const SUBFOLDER = "Holdfast";

export class RepositoryForm {
  path = $state("");
  name = $state("");
  password = $state("");
  again = $state("");
  passwordShown = $state(false);
  remember = $state(true);
  probe = $state.raw<RepositoryProbe | null>(null);
  problem = $state.raw<Problem | null>(null);
  passwordProblem = $state.raw<Problem | null>(null);
  /** Whether the chosen folder holds other files, so that its subfolder is what was looked at. */
  isInside = $state(false);
  looking = $state(false);
  saving = $state(false);
  /** Whether a wrong entry may be pointed out yet: not before it was first sent. */
  tried = $state(false);
  #client: Client;
  #named = false;
  #look = 0;

  constructor(client: Client, keychain: boolean) {
    this.#client = client;
    this.remember = keychain;
  }

  get isExisting(): boolean {
    return this.probe?.state === "repository";
  }

  get isUsable(): boolean {
    if (!this.probe || this.looking) return false;
    const { state, writable } = this.probe;
    return state !== "unreachable" && state !== "occupied" && writable !== false;
  }

  /** Where the repository is or will be: a folder with other files gets one of its own inside. */
  get location(): string {
    return this.isInside ? subfolderOf(this.path) : this.path;
  }

  get passwordError(): string | undefined {
    if (!this.tried || this.isExisting) return undefined;
    return this.password.length < PASSWORD_LENGTH_MIN ? t.repositories.form.short : undefined;
  }

  get againError(): string | undefined {
    if (!this.tried || this.isExisting || this.passwordShown) return undefined;
    return this.again === this.password ? undefined : t.repositories.form.mismatch;
  }

  get draft(): RepositoryDraft {
    return {
      name: this.name.trim() || baseName(this.location),
      location: { type: "local", path: this.location },
      password: this.password,
      create: !this.isExisting,
      remember: this.remember,
    };
  }

  async choose(): Promise<void> {
    this.problem = null;
    try {
      const path = await this.#client.chooseFolder(
        t.repositories.form.chooseFolder,
        this.path || undefined,
      );
      if (path) await this.use(path);
    } catch (failure) {
      this.problem = asProblem(failure);
    }
  }

  /** Looks at a place, without a password and without changing anything there. */
  async use(path: string): Promise<void> {
    const look = ++this.#look;
    this.path = path;
    this.probe = null;
    this.isInside = false;
    this.problem = null;
    this.passwordProblem = null;
    this.looking = true;
    if (!this.#named) this.name = baseName(path);
    try {
      let probe = await this.#probe(path);
      // The folder of its own may be there from before, with a repository in it.
      const isInside = probe.state === "occupied";
      if (isInside) probe = await this.#probe(subfolderOf(path));
      if (look === this.#look) Object.assign(this, { probe, isInside });
    } catch (failure) {
      if (look === this.#look) this.problem = asProblem(failure);
    }
    if (look === this.#look) this.looking = false;
  }

  nameIt(name: string): void {
    this.name = name;
    this.#named = name.trim() !== "";
  }

  /** A password that no one has to think up: shown, so that it can be kept. */
  makePassword(): void {
    const random = crypto.getRandomValues(new Uint8Array(GROUPS * GROUP_LENGTH));
    const letters = [...random].map((byte) => LETTERS[byte % LETTERS.length] ?? "");
    const groups = Array.from({ length: GROUPS }, (_, at) =>
      letters.slice(at * GROUP_LENGTH, (at + 1) * GROUP_LENGTH).join(""),
    );
    this.password = groups.join("-");
    this.again = this.password;
    this.passwordShown = true;
  }

  /** Tests, then makes or adopts. Nothing is saved unless the test passed. */
  async save(): Promise<RepositoryView | undefined> {
    this.tried = true;
    this.problem = null;
    this.passwordProblem = null;
    if (this.saving || !this.isUsable) return undefined;
    if (!this.password || this.passwordError || this.againError) return undefined;
    this.saving = true;
    try {
      const draft = this.draft;
      if (this.isExisting && !(await this.#opens(draft))) return undefined;
      return await this.#client.addRepository(draft);
    } catch (failure) {
      const problem = asProblem(failure);
      if (problem.code === "wrongPassword") this.passwordProblem = problem;
      else this.problem = problem;
      return undefined;
    } finally {
      this.saving = false;
    }
  }

  #probe(path: string): Promise<RepositoryProbe> {
    const location = { type: "local" as const, path };
    return this.#client.probeRepository({ ...this.draft, location, password: "" });
  }

  async #opens(draft: RepositoryDraft): Promise<boolean> {
    const probe = await this.#client.probeRepository(draft);
    if (probe.opens !== false) return true;
    this.passwordProblem = probe.problem ?? {
      code: "wrongPassword",
      title: t.repositories.form.wrong,
      meaning: "",
      advice: "",
      actions: [],
    };
    return false;
  }
}

function subfolderOf(path: string): string {
  const separator = path.includes("\\") && !path.includes("/") ? "\\" : "/";
  return path.replace(/[/\\]+$/, "") + separator + SUBFOLDER;
}

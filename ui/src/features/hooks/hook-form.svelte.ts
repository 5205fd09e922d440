// A hook while it is written: every channel's fields side by side, so that changing the channel
// loses nothing that was typed. Secrets only go in: what is not typed anew stays as it is.
import type {
  Channel,
  HookDraft,
  HookOn,
  HookScope,
  HookSecrets,
  HookView,
  MailSecurity,
  WebMethod,
} from "@/api/types";
import { t } from "@/copy";

export type ChannelKind = Channel["type"];

export const CHANNELS: ChannelKind[] = [
  "mail",
  "ntfy",
  "telegram",
  "slack",
  "discord",
  "gotify",
  "healthchecks",
  "webhook",
  "command",
];

/** Channels of which the address is what lets one in, and is a secret. */
const WITH_ADDRESS: ChannelKind[] = ["webhook", "healthchecks", "slack", "discord", "ntfy"];
const WITH_TOKEN: ChannelKind[] = ["telegram", "gotify", "ntfy", "mail"];

const TIMEOUT_SECONDS = 30;
const GOTIFY_PRIORITY = 5;
const NTFY_PRIORITY = 3;

const PORTS: Record<MailSecurity, number> = { tls: 465, startTls: 587, none: 25 };

export class HookForm {
  name = $state("");
  on = $state<HookOn[]>(["backupFailed", "overdue", "recovered"]);
  scope = $state<HookScope["type"]>("everything");
  plans = $state<string[]>([]);
  repositories = $state<string[]>([]);
  kind = $state<ChannelKind>("mail");
  subject = $state("");
  template = $state("");
  timeoutSeconds = $state(TIMEOUT_SECONDS);
  cancelsRun = $state(false);

  address = $state("");
  token = $state("");
  headers = $state("");

  program = $state("");
  arguments = $state("");
  folder = $state("");
  method = $state<WebMethod>("POST");
  contentType = $state("application/json");
  chat = $state("");
  server = $state("");
  priority = $state(GOTIFY_PRIORITY);
  urgency = $state(NTFY_PRIORITY);
  from = $state("");
  to = $state("");
  security = $state<MailSecurity>("tls");
  port = $state(String(PORTS.tls));
  user = $state("");

  constructor(hook?: HookView) {
    if (hook) this.#load(hook);
  }

  get hasAddress(): boolean {
    return WITH_ADDRESS.includes(this.kind);
  }

  get hasToken(): boolean {
    return WITH_TOKEN.includes(this.kind);
  }

  /** Whether a failure can keep a backup from beginning: only if the hook is told of beginnings. */
  get canCancel(): boolean {
    return this.on.includes("backupStarted") || this.on.includes("backupMissed");
  }

  /** What keeps it from being saved, in words. The app says the rest when it is saved. */
  get missing(): string | undefined {
    if (!this.name.trim()) return t.hooks.needsName;
    if (this.on.length === 0) return t.hooks.needsEvent;
    return undefined;
  }

  get draft(): HookDraft {
    const [subject, template] = [this.subject.trim(), this.template.trim()];
    return {
      name: this.name.trim(),
      on: [...this.on],
      scope: this.#scope,
      to: this.#channel,
      ...(subject && { subject }),
      ...(template && { template }),
      timeoutSeconds: this.timeoutSeconds,
      onFailure: this.cancelsRun && this.canCancel ? "cancelRun" : "ignore",
      secrets: this.#secrets,
    };
  }

  tell(event: HookOn, told: boolean): void {
    const others = this.on.filter((one) => one !== event);
    this.on = told ? [...others, event] : others;
  }

  secure(security: MailSecurity): void {
    if (this.port === String(PORTS[this.security])) this.port = String(PORTS[security]);
    this.security = security;
  }

  get #scope(): HookScope {
    switch (this.scope) {
      case "everything":
        return { type: "everything" };
      case "plans":
        return { type: "plans", plans: [...this.plans] };
      case "repositories":
        return { type: "repositories", repositories: [...this.repositories] };
    }
  }

  get #channel(): Channel {
    const server = this.server.trim();
    switch (this.kind) {
      case "command": {
        const folder = this.folder.trim();
        const given = linesOf(this.arguments);
        return {
          type: "command",
          program: this.program,
          arguments: given,
          ...(folder && { folder }),
        };
      }
      case "webhook":
        return { type: "webhook", method: this.method, content_type: this.contentType.trim() };
      case "telegram":
        return { type: "telegram", chat: this.chat.trim(), ...(server && { server }) };
      case "gotify":
        return { type: "gotify", server, priority: this.priority };
      case "ntfy":
        return { type: "ntfy", priority: this.urgency };
      case "mail":
        return this.#mail;
      default:
        return { type: this.kind };
    }
  }

  get #mail(): Channel {
    const user = this.user.trim();
    return {
      type: "mail",
      from: this.from.trim(),
      to: this.to
        .split(/[,;\n]/)
        .map((one) => one.trim())
        .filter(Boolean),
      server: this.server.trim(),
      port: Number(this.port) || PORTS[this.security],
      security: this.security,
      ...(user && { user }),
    };
  }

  get #secrets(): HookSecrets {
    const headers = headersOf(this.headers);
    const typed: Partial<HookSecrets> = {
      ...(this.hasAddress && this.address && { address: this.address.trim() }),
      ...(this.hasToken && this.token && { token: this.token }),
      ...(this.kind === "webhook" && headers && { headers }),
    };
    // What is absent stays as it is, which the generated type does not say.
    return typed as HookSecrets;
  }

  #load(hook: HookView): void {
    this.name = hook.name;
    this.on = [...hook.on];
    this.scope = hook.scope.type;
    if (hook.scope.type === "plans") this.plans = [...hook.scope.plans];
    if (hook.scope.type === "repositories") this.repositories = [...hook.scope.repositories];
    this.subject = hook.subject ?? "";
    this.template = hook.template ?? "";
    this.timeoutSeconds = hook.timeoutSeconds;
    this.cancelsRun = hook.onFailure === "cancelRun";
    this.#loadChannel(hook.to);
  }

  #loadChannel(to: Channel): void {
    this.kind = to.type;
    switch (to.type) {
      case "command":
        this.program = to.program;
        this.arguments = to.arguments.join("\n");
        this.folder = to.folder ?? "";
        break;
      case "webhook":
        this.method = to.method;
        this.contentType = to.content_type;
        break;
      case "telegram":
        this.chat = to.chat;
        this.server = to.server ?? "";
        break;
      case "gotify":
        this.server = to.server;
        this.priority = to.priority;
        break;
      case "ntfy":
        this.urgency = to.priority;
        break;
      case "mail":
        this.from = to.from;
        this.to = to.to.join(", ");
        this.server = to.server;
        this.security = to.security;
        this.port = String(to.port);
        this.user = to.user ?? "";
        break;
    }
  }
}

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

/** "Name: value", one on each line; nothing if there is none. */
function headersOf(text: string): Record<string, string> | undefined {
  const pairs = linesOf(text)
    .map((line) => /^([^:]+):(.*)$/.exec(line))
    .filter((parts) => parts !== null)
    .map((parts) => [(parts[1] ?? "").trim(), (parts[2] ?? "").trim()] as const);
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
}

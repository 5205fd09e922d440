// The mock's hooks: kept in memory, and they tell nobody.
import type { HookDraft, HookOutcome, HookPreview, HookView } from "@/api/types";

type Arguments = Record<string, unknown>;

function host(address: string): string | undefined {
  return URL.canParse(address) ? new URL(address).hostname : undefined;
}

function view(id: string, { secrets, ...draft }: HookDraft, before?: HookView): HookView {
  const address = secrets.address === undefined ? before?.secrets.address : host(secrets.address);
  return {
    ...draft,
    id,
    secrets: {
      ...(address === undefined ? {} : { address }),
      token: secrets.token === undefined ? (before?.secrets.token ?? false) : secrets.token !== "",
      headers: secrets.headers ? Object.keys(secrets.headers) : (before?.secrets.headers ?? []),
      state: "stored",
    },
  };
}

export function hookCommands(): Record<string, (args: Arguments) => unknown> {
  let hooks: HookView[] = [];
  let count = 0;
  return {
    hooks: () => hooks,
    add_hook: ({ draft }) => {
      const hook = view(`hook-${++count}`, draft as HookDraft);
      hooks = [...hooks, hook];
      return hook;
    },
    change_hook: ({ id, draft }) => {
      const before = hooks.find((one) => one.id === id);
      const hook = view(String(id), draft as HookDraft, before);
      hooks = hooks.map((one) => (one.id === id ? hook : one));
      return hook;
    },
    remove_hook: ({ id }) => {
      hooks = hooks.filter((one) => one.id !== id);
      return null;
    },
    render_hook: ({ draft }): HookPreview => ({
      subject: "“Documents” was not backed up",
      body:
        (draft as HookDraft).template ??
        "The drive of “Blue SSD” is not connected.\nPlan: Documents\nRepository: Blue SSD",
    }),
    test_hook: (): HookOutcome => ({ tookMillis: 184, answer: "ok" }),
  };
}

import { expect, it } from "vitest";
import type { Channel, HookView } from "@/api/types";
import { HookForm } from "./hook-form.svelte";

const hook = (to: Channel): HookView => ({
  id: "hook-1",
  name: "Family",
  on: ["backupFailed"],
  scope: { type: "plans", plans: ["photos"] },
  to,
  subject: "{{ plan }}",
  timeoutSeconds: 60,
  onFailure: "ignore",
  secrets: { address: "example.org", token: true, headers: ["X-Key"] },
});

it.each<Channel>([
  { type: "command", program: "/usr/bin/say", arguments: ["--loud", "it is done"], folder: "/" },
  { type: "webhook", method: "PUT", content_type: "text/plain" },
  { type: "healthchecks" },
  { type: "slack" },
  { type: "discord" },
  { type: "telegram", chat: "-100", server: "https://bots.example.org" },
  { type: "gotify", server: "https://gotify.example.org", priority: 8 },
  { type: "ntfy", priority: 2 },
  {
    type: "mail",
    from: "backup@example.org",
    to: ["ada@example.org", "grace@example.org"],
    server: "smtp.example.org",
    port: 2525,
    security: "startTls",
    user: "backup",
  },
])("a hook of $type goes through the form as it is, and its secrets stay", (to) => {
  const { id, secrets, ...rest } = hook(to);
  expect(new HookForm(hook(to)).draft).toEqual({ ...rest, secrets: {} });
  expect([id, secrets.token]).toEqual(["hook-1", true]);
});

it("only the secrets that the channel has are sent", () => {
  const form = new HookForm(hook({ type: "webhook", method: "POST", content_type: "text/plain" }));
  form.address = " https://example.org/in ";
  form.token = "typed for another channel";
  form.headers = "X-Key: one:two\nnonsense\n";
  expect(form.draft.secrets).toEqual({
    address: "https://example.org/in",
    headers: { "X-Key": "one:two" },
  });
  form.kind = "slack";
  expect(form.draft.secrets).toEqual({ address: "https://example.org/in" });
});

it("a backup can only be kept back by a hook that is told of its beginning", () => {
  const form = new HookForm(hook({ type: "slack" }));
  form.cancelsRun = true;
  expect(form.draft.onFailure).toBe("ignore");
  form.tell("backupStarted", true);
  expect(form.draft.onFailure).toBe("cancelRun");
});

it("the port follows the security until it is one's own", () => {
  const form = new HookForm();
  form.secure("startTls");
  expect(form.port).toBe("587");
  form.port = "2525";
  form.secure("tls");
  expect(form.port).toBe("2525");
});

it("a hook without a name, or that tells nothing, says so", () => {
  const form = new HookForm();
  expect(form.missing).toBe("Give the hook a name.");
  form.name = "Family";
  form.on = [];
  expect(form.missing).toBe("Choose what it tells.");
});

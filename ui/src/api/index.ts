// The client of this window. It is set once, before anything is drawn.
import type { Platform } from "@/platform/platform";
import { createClient, type Client } from "./client";

export let client: Client;

export function connect(platform: Platform): Client {
  client = createClient(platform);
  return client;
}

// Who holds a repository. What the overview knows may be minutes old, so it is asked for anew when
// another repository is shown and every while after that, and at no other time: the overview that
// an answer brings must not ask again.
import type { Client } from "@/api/client";
import type { LockView } from "@/api/types";
import { Loader } from "@/state/loader.svelte";

const ASKED_MILLIS = 15_000;

export class LockWatch {
  locks = new Loader<LockView[]>();

  constructor(client: Client, repository: () => string) {
    const id = $derived(repository());
    $effect(() => {
      const of = id;
      const ask = () => client.repositoryLocks(of);
      void this.locks.fresh(ask);
      const timer = setInterval(() => void this.locks.load(ask), ASKED_MILLIS);
      return () => clearInterval(timer);
    });
  }
}

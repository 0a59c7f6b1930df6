import { SOCKETS } from "$lib/paths/mod.ts";
import { Latest, type Service } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import { componentHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/** Sets up links, addresses and names; up once its first pass is done. */
export function networkdService(
  runner: RoleRunner,
  { cmdline, config, sharedAddresses }: Pick<Machine, "cmdline" | "config" | "sharedAddresses">,
): Service {
  const line = () => {
    const shared = sharedAddresses.held.value ?? [];
    return JSON.stringify({
      cmdline: cmdline.toString(),
      network: config.running.value?.config.machine.network ?? null,
      ...(shared.length > 0 ? { shared } : {}),
    });
  };
  return {
    id: "networkd",
    async run(signal, report) {
      const over = new AbortController();
      try {
        const source = either([config.running, sharedAddresses.held], over.signal);
        await runRole(runner, "networkd", { source, line })(signal, report);
      } finally {
        over.abort();
      }
    },
    health: { ...HEALTH_TIMES, check: componentHealth(SOCKETS.networkd) },
  };
}

/** Changes when one of `sources` does, until `signal` is aborted. */
function either(sources: readonly Latest<unknown>[], signal: AbortSignal): Latest<true> {
  const changed = new Latest<true>(true);
  for (const source of sources) {
    (async () => {
      for await (const _value of source.watch(signal)) changed.set(true);
    })();
  }
  return changed;
}

import { TRUSTD_PORT } from "$lib/paths/mod.ts";
import { Latest, type Service, systemClock } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import { dialHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/** How often names, addresses and the other control planes are looked at, milliseconds. */
const CHECK_PERIOD_MS = 5_000;

/** Signs the certificates of nodes that have no key of the machine CA. */
export function trustdService(
  runner: RoleRunner,
  { trust }: Pick<Machine, "trust">,
): Service {
  return {
    id: "trustd",
    dependsOn: ["networkd", "timed"],
    async prepare() {
      if (await trust() !== undefined) return;
      throw new Error("Cannot start trustd: machine.ca with its key, or machine.token, is not set");
    },
    async run(signal, report) {
      const over = new AbortController();
      const source = new Latest<string>();
      void keepLine(source, trust, AbortSignal.any([signal, over.signal]));
      try {
        await runRole(runner, "trustd", { source, line: (line) => line })(signal, report);
      } finally {
        over.abort();
      }
    },
    health: { ...HEALTH_TIMES, check: dialHealth({ host: "127.0.0.1", port: TRUSTD_PORT }) },
  };
}

/** Keeps what trustd is told. What cannot be told now is told the next time. */
async function keepLine(
  source: Latest<string>,
  trust: Machine["trust"],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const settings = await trust().catch(() => undefined);
    if (settings) source.set(JSON.stringify(settings));
    await systemClock.sleep(CHECK_PERIOD_MS, signal);
  }
}

import { SOCKETS } from "$lib/paths/mod.ts";
import type { Service } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import { componentHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/** Sets up links, addresses and names; up once its first pass is done. */
export function networkdService(
  runner: RoleRunner,
  { cmdline, config }: Pick<Machine, "cmdline" | "config">,
): Service {
  return {
    id: "networkd",
    run: runRole(runner, "networkd", {
      source: config.running,
      line: (running) =>
        JSON.stringify({
          cmdline: cmdline.toString(),
          network: running?.config.machine.network ?? null,
        }),
    }),
    health: { ...HEALTH_TIMES, check: componentHealth(SOCKETS.networkd) },
  };
}

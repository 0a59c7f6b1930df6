import { SOCKETS } from "$lib/paths/mod.ts";
import { type Service, SkipService } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import { componentHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/** The server that is asked when the configuration names none. */
const DEFAULT_SERVERS = ["pool.ntp.org"];

/** Keeps the clock; the one service that the API may restart. */
export function timedService(runner: RoleRunner, { config }: Pick<Machine, "config">): Service {
  const time = () => config.running.value?.config.machine.time;
  return {
    id: "timed",
    dependsOn: ["networkd"],
    prepare: () =>
      time()?.disabled
        ? Promise.reject(new SkipService("machine.time.disabled is set"))
        : Promise.resolve(),
    run: runRole(runner, "timed", {
      source: config.running,
      line: () =>
        JSON.stringify({
          servers: time()?.servers ?? DEFAULT_SERVERS,
          disabled: time()?.disabled ?? false,
          configured: config.running.value !== undefined,
        }),
    }),
    health: { ...HEALTH_TIMES, check: componentHealth(SOCKETS.timed) },
    apiRestart: true,
  };
}

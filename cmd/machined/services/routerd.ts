import { SOCKETS } from "$lib/paths/mod.ts";
import type { Service } from "$lib/service/mod.ts";
import { dialHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/** Passes calls on to the component that serves them. */
export function routerdService(runner: RoleRunner): Service {
  return {
    id: "routerd",
    run: runRole(runner, "routerd"),
    health: { ...HEALTH_TIMES, check: dialHealth({ path: SOCKETS.routerd }) },
  };
}

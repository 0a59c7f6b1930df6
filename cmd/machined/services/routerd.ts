import { SOCKETS } from "$lib/paths/mod.ts";
import { Latest, type Service } from "$lib/service/mod.ts";
import { dialHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/** Passes calls on to the component that serves them. It is told nothing: its stdin ends with it. */
export function routerdService(runner: RoleRunner): Service {
  return {
    id: "routerd",
    run: runRole(runner, "routerd", { source: new Latest<never>(), line: () => undefined }),
    health: { ...HEALTH_TIMES, check: dialHealth({ path: SOCKETS.routerd }) },
  };
}

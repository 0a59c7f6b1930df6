import { SOCKETS } from "$lib/paths/mod.ts";
import type { Service } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import { dialHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/** Passes calls on to the component that serves them; told of maintenance mode, which has one more. */
export function routerdService(
  runner: RoleRunner,
  { identity }: Pick<Machine, "identity">,
): Service {
  return {
    id: "routerd",
    run: runRole(runner, "routerd", {
      source: identity.current,
      line: () => JSON.stringify({ maintenance: identity.inMaintenance }),
    }),
    health: { ...HEALTH_TIMES, check: dialHealth({ path: SOCKETS.routerd }) },
  };
}

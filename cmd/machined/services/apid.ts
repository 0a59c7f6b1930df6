import { APID_PORT } from "$lib/paths/mod.ts";
import type { Service } from "$lib/service/mod.ts";
import type { Machine } from "../machine.ts";
import { dialHealth, HEALTH_TIMES } from "./health.ts";
import { type RoleRunner, runRole } from "./role.ts";

/**
 * The node's API to the outside. Its process starts at once, beside the network's: on a slow machine a
 * runtime takes seconds to come up. It listens as soon as the first certificate reaches its stdin.
 */
export function apidService(
  runner: RoleRunner,
  { identity }: Pick<Machine, "identity">,
): Service {
  const dial = dialHealth({ host: "127.0.0.1", port: APID_PORT });
  return {
    id: "apid",
    run: runRole(runner, "apid", {
      source: identity.current,
      line: (face) => face && JSON.stringify(face),
    }),
    health: {
      ...HEALTH_TIMES,
      check(signal) {
        // Nothing listens before there is a certificate: the reason for that says more.
        const { current: { value: face }, fault } = identity;
        if (fault !== undefined && !(face && "identity" in face)) throw new Error(fault);
        return dial(signal);
      },
    },
  };
}

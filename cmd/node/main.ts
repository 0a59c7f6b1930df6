/**
 * The multi-call node binary in one piece: the first argument, or the name of the worker, picks the
 * part to play.
 *
 * Parts are imported when they are picked, so each process evaluates only its own code.
 *
 * @module
 */
import type { Role } from "$lib/role/mod.ts";
import { dispatch, type Part } from "./dispatch.ts";

const PARTS: Record<Role, () => Promise<Part>> = {
  init: () => import("../init/main.ts"),
  machined: () => import("../machined/main.ts"),
  apid: () => import("../apid/main.ts"),
  routerd: () => import("../routerd/main.ts"),
  networkd: () => import("../networkd/main.ts"),
  timed: () => import("../timed/main.ts"),
  trustd: () => import("../trustd/main.ts"),
};

const WORKERS: Record<string, () => Promise<unknown>> = {
  launcher: () => import("$ffi/launcher_main.ts"),
  config: () => import("../machined/config/apart_worker.ts"),
};

await dispatch({
  role: (role) => PARTS[role](),
  worker(name) {
    const load = WORKERS[name];
    if (!load) throw new TypeError(`Cannot start worker "${name}": it is not one of the node's`);
    return load();
  },
});

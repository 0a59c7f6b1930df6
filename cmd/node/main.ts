/**
 * The multi-call node binary: the first argument, or the name of the worker, picks the part to play.
 *
 * Parts are imported when they are picked, so each process evaluates only its own code. `--warm` after
 * the role loads the part's modules and ends: the image builder fills the code cache with it.
 *
 * @module
 */
import { type Role, ROLES } from "$lib/role/mod.ts";

type Part = { main(args: string[]): Promise<void> };

const PARTS: Record<Role, () => Promise<Part>> = {
  init: () => import("../init/main.ts"),
  machined: () => import("../machined/main.ts"),
  apid: () => import("../apid/main.ts"),
  routerd: () => import("../routerd/main.ts"),
  networkd: () => import("../networkd/main.ts"),
  timed: () => import("../timed/main.ts"),
};

/** Threads of a part; each module takes over its worker when it is evaluated. */
const WORKERS: Record<string, () => Promise<unknown>> = {
  launcher: () => import("$ffi/launcher_main.ts"),
  config: () => import("../machined/config/apart_worker.ts"),
};

/** The name of the worker that this is; the main thread has none. */
const workerName = (globalThis as { name?: string }).name ?? "";

async function dispatch(): Promise<void> {
  if (workerName !== "") {
    const worker = WORKERS[workerName];
    if (!worker) {
      throw new TypeError(`Cannot start worker "${workerName}": it is not one of the node's`);
    }
    await worker();
    return;
  }
  const [name, ...args] = Deno.args;
  const role = ROLES.find((known) => known === name);
  if (!role) {
    throw new TypeError(
      `Cannot start "${name ?? ""}": the parts of the node are ${ROLES.join(", ")}`,
    );
  }
  const part = await PARTS[role]();
  if (args[0] === "--warm") return;
  await part.main(args);
}

await dispatch();

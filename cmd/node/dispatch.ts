import { type Role, ROLES } from "$lib/role/mod.ts";

/** The module of a role. */
export interface Part {
  /** Plays the part, with the arguments that follow the role's name. */
  main(args: string[]): Promise<void>;
  /** Loads what it imports later. */
  warm?(): Promise<unknown>;
}

/** Where the code of each part comes from. */
export interface Parts {
  readonly role: (role: Role) => Promise<Part>;
  /** The thread of a part: its module takes over its worker when it is evaluated. */
  readonly worker: (name: string) => Promise<unknown>;
}

/** The name of the worker that this is; the main thread has none. */
const workerName = (globalThis as { name?: string }).name ?? "";

/**
 * Plays the part that the first argument, or the name of the worker, picks. `--warm` after the role
 * loads the part's modules and ends: the image builder fills the code cache with it.
 */
export async function dispatch(parts: Parts): Promise<void> {
  if (workerName !== "") {
    await parts.worker(workerName);
    return;
  }
  const [name, ...args] = Deno.args;
  const role = ROLES.find((known) => known === name);
  if (!role) {
    throw new TypeError(
      `Cannot start "${name ?? ""}": the parts of the node are ${ROLES.join(", ")}`,
    );
  }
  const part = await parts.role(role);
  if (args[0] === "--warm") return void await part.warm?.();
  await part.main(args);
}

/** A right of the runtime's that a server of a node can do without. */
export type Right = "run" | "ffi" | "sys" | "env";

/** The part of the runtime that takes rights away; `Deno.permissions` is one. */
export interface Permissions {
  revoke(right: { name: Right }): Promise<{ readonly state: string }>;
}

/**
 * Gives rights up for good, before the first byte from outside is read.
 * @throws {Error} when one is still granted afterwards
 */
export async function dropRights(permissions: Permissions, names: readonly Right[]): Promise<void> {
  for (const name of names) {
    const { state } = await permissions.revoke({ name });
    if (state === "granted") throw new Error(`Cannot drop right "${name}": it is still granted`);
  }
}

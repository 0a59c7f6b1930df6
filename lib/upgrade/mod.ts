/**
 * Following a node's upgrade from outside: what a node shows of its releases, and what two looks at
 * it say of an upgrade that was asked for between them.
 *
 * ```ts
 * import { type Sight, verdict } from "$lib/upgrade/mod.ts";
 *
 * const before: Sight = { version: "v1", slot: "A", state: "permanent", message: "", bootId: "1" };
 * const now: Sight = { ...before, version: "v2", slot: "B", bootId: "2" };
 * console.assert(verdict(before, now, false).kind === "done");
 * ```
 *
 * @module
 */
export { BOOT_ID_FILE, type Sight, sightOf } from "./sight.ts";
export { type Verdict, verdict } from "./verdict.ts";

/**
 * Undoes `up`: ends the local cluster's processes, removes its state and its context, and ends the
 * registry, whose images stay for the next time.
 *
 *     deno task down [flags of `talosctl cluster destroy`]
 *
 * @module
 */
import { REGISTRY } from "./registry/commands.ts";
import { stopRegistry } from "./registry/server.ts";
import { talosctl } from "./stale.ts";

const code = await talosctl(["cluster", "destroy", ...Deno.args]);
await stopRegistry(REGISTRY);
Deno.exit(code);

/**
 * Undoes `up`: ends the local cluster's processes and removes its state and its context.
 *
 *     deno task down [flags of `talosctl cluster destroy`]
 *
 * @module
 */
import { talosctl } from "./stale.ts";

Deno.exit(await talosctl(["cluster", "destroy", ...Deno.args]));

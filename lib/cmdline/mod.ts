/**
 * The kernel command line: parsing, the arguments that the node obeys, and the default line.
 *
 * ```ts
 * import { hostname, KernelCmdline, panicSeconds } from "$lib/cmdline/mod.ts";
 *
 * const cmdline = KernelCmdline.parse('panic=10 talos.hostname=node-a dyndbg="file drm.c +p"');
 * if (panicSeconds(cmdline) !== 10) throw new Error("panic");
 * if (hostname(cmdline) !== "node-a") throw new Error("hostname");
 * ```
 *
 * @module
 */

export { type CmdlineArgument, KernelCmdline } from "./cmdline.ts";
export { type IpArgument, ipArgument } from "./ip_argument.ts";
export {
  hostname,
  ignoredInterfaces,
  panicSeconds,
  platform,
  shutdownMode,
  talosConfigUrl,
} from "./arguments.ts";
export { type ArgumentOptions, defaultArguments } from "./default_arguments.ts";

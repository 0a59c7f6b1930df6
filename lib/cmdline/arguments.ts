import type { KernelCmdline } from "./cmdline.ts";

/** Interfaces that are never touched: `talos.network.interface.ignore`, repeated or with commas. */
export function ignoredInterfaces(cmdline: KernelCmdline): string[] {
  return [...new Set(cmdline.list("talos.network.interface.ignore"))];
}

/**
 * Seconds from a panic to the reboot as the kernel reads `panic=`: 0 stays stopped for ever, a
 * negative number reboots at once; nothing when the argument is absent or no integer.
 */
export function panicSeconds(cmdline: KernelCmdline): number | undefined {
  const text = cmdline.last("panic");
  return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Where the machine configuration comes from: `talos.config`, a URL, `metal-iso` or `none`. */
export function talosConfigUrl(cmdline: KernelCmdline): string | undefined {
  return cmdline.last("talos.config") || undefined;
}

/** What the node runs on: `talos.platform`. */
export function platform(cmdline: KernelCmdline): string | undefined {
  return cmdline.last("talos.platform") || undefined;
}

/** The name the kernel argument `talos.hostname` gives the node. */
export function hostname(cmdline: KernelCmdline): string | undefined {
  return cmdline.last("talos.hostname") || undefined;
}

/** What a shutdown ends in: `talos.shutdown=halt` halts, everything else powers off. */
export function shutdownMode(cmdline: KernelCmdline): "halt" | "poweroff" {
  return cmdline.last("talos.shutdown") === "halt" ? "halt" : "poweroff";
}

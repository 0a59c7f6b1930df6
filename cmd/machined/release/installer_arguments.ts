/** The command lines by which installers are run on this machine. */
import type { Slot, SlotEntry } from "$lib/bootloader/mod.ts";
import {
  defaultArguments,
  type KernelCmdline,
  platform,
  talosConfigUrl,
} from "$lib/cmdline/mod.ts";

/** The part of `machine.install` that is read here. */
export interface InstallConfig {
  readonly disk?: string;
  readonly wipe: boolean;
  readonly extraKernelArgs?: readonly string[];
}

/** What the running kernel was told, for the next one to be told too. */
function inherited(cmdline: KernelCmdline) {
  const [name, config] = [platform(cmdline) ?? "metal", talosConfigUrl(cmdline)];
  const consoles = cmdline.all("console");
  return { platform: name, ...(config === undefined ? {} : { config }), consoles };
}

function inheritedFlags(cmdline: KernelCmdline): string[] {
  const { platform, config, consoles } = inherited(cmdline);
  return [
    ...["--platform", platform],
    ...(config === undefined ? [] : ["--config", config]),
    ...consoles.flatMap((console) => ["--console", console]),
  ];
}

function extraFlags(extra: readonly string[]): string[] {
  return extra.map((argument) => `--extra-kernel-arg=${argument}`);
}

/** The command line of an installation. */
export function installArguments(
  cmdline: KernelCmdline,
  { disk = "", wipe, extraKernelArgs = [] }: InstallConfig,
): string[] {
  return [
    ...["install", "--disk", disk, ...(wipe ? ["--wipe"] : [])],
    ...inheritedFlags(cmdline),
    ...extraFlags(extraKernelArgs),
  ];
}

/**
 * The command line of an upgrade. Arguments beside the usual ones are those that the configuration
 * has; where it says nothing of them, those of the release that runs.
 */
export function upgradeArguments(
  cmdline: KernelCmdline,
  { disk, running, entry, install }: {
    readonly disk: string;
    readonly running: Slot;
    readonly entry: SlotEntry | undefined;
    readonly install: Partial<InstallConfig> | undefined;
  },
): string[] {
  const usual = new Set(defaultArguments(inherited(cmdline)));
  const extra = install?.extraKernelArgs ??
    (entry?.options ?? []).filter((option) => !usual.has(option));
  return [
    ...["upgrade", "--disk", disk, "--running", running],
    ...inheritedFlags(cmdline),
    ...extraFlags(extra),
  ];
}

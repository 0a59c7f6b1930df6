/** The command line of the installer. */
import { parseArgs } from "node:util";
import { type Slot, SLOTS } from "$lib/bootloader/mod.ts";
import { defaultArguments } from "$lib/cmdline/mod.ts";
import { INSTALLER } from "$lib/image/mod.ts";

/** What the installer is to do. */
export interface Order {
  readonly command: "install" | "upgrade";
  /** The disk, e.g. /dev/vda. */
  readonly disk: string;
  /** The slot that runs, which an upgrade leaves alone. */
  readonly running: Slot;
  /** Whether what is on the disk may go. */
  readonly wipe: boolean;
  /** The directory with the release's files. */
  readonly source: string;
  /** The kernel's arguments in the new slot. */
  readonly options: readonly string[];
}

/** Where an image of the installer has the release. */
export const RELEASE_DIRECTORY = `${INSTALLER.directory}/amd64`;

/** Reads the command line. @throws {TypeError} that says what is wrong with it */
export function readArguments(args: readonly string[]): Order {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      disk: { type: "string" },
      platform: { type: "string" },
      config: { type: "string" },
      console: { type: "string", multiple: true, default: [] },
      "extra-kernel-arg": { type: "string", multiple: true, default: [] },
      running: { type: "string", default: SLOTS[0] },
      wipe: { type: "boolean", default: false },
      source: { type: "string", default: RELEASE_DIRECTORY },
    },
  });
  const [command] = positionals;
  if (positionals.length !== 1 || (command !== "install" && command !== "upgrade")) {
    throw new TypeError(
      `Cannot tell what to do: "${positionals.join(" ")}" is neither install nor upgrade`,
    );
  }
  const { disk, running, wipe, source, platform, config, console } = values;
  if (!disk?.startsWith("/dev/")) {
    throw new TypeError(`Cannot ${command}: --disk is "${disk ?? ""}", not a path below /dev`);
  }
  const slot = SLOTS.find((slot) => slot === running);
  if (!slot) throw new TypeError(`Cannot ${command}: --running is "${running}", not a or b`);
  const defaults = defaultArguments({
    consoles: console,
    ...(platform === undefined ? {} : { platform }),
    ...(config === undefined ? {} : { config }),
  });
  return {
    ...{ command, disk, running: slot, wipe, source },
    options: [...defaults, ...values["extra-kernel-arg"]],
  };
}

import { basename, join } from "node:path";
import { loadOrder, type ModuleEntry, type ModuleIndex, moduleName } from "$lib/kmod/mod.ts";
import { parseModuleInfo } from "./modinfo.ts";

/** The modules of one kernel package: where each lies, by name. */
export interface KernelModules {
  readonly directory: string;
  readonly files: ReadonlyMap<string, string>;
  /** Built into the kernel: never a file, always there. */
  readonly builtin: ReadonlySet<string>;
}

/** Finds the modules under `/lib/modules/<release>` of an unpacked kernel package. */
export async function findModules(directory: string): Promise<KernelModules> {
  const files = new Map<string, string>();
  const walk = async (below: string): Promise<void> => {
    for await (const entry of Deno.readDir(join(directory, below))) {
      const path = join(below, entry.name);
      if (entry.isDirectory) await walk(path);
      else if (entry.name.endsWith(".ko")) files.set(nameOf(entry.name), path);
    }
  };
  await walk("kernel");
  const text = await Deno.readTextFile(join(directory, "modules.builtin"));
  const builtin = new Set(text.split("\n").filter((line) => line).map(nameOf));
  return { directory, files, builtin };
}

function nameOf(file: string): string {
  return moduleName(basename(file, ".ko"));
}

/**
 * The index of `names` and all they depend on; names that this kernel lacks are left out.
 * `always` names those of them that load on every node.
 */
export async function indexModules(
  kernel: KernelModules,
  names: readonly string[],
  always: readonly string[],
): Promise<ModuleIndex> {
  const modules: Record<string, ModuleEntry> = {};
  const ciphers = await cipherAliases(kernel);
  const add = async (name: string): Promise<void> => {
    const file = kernel.files.get(name);
    if (modules[name] || !file) return;
    const info = parseModuleInfo(await Deno.readFile(join(kernel.directory, file)));
    const before = info.before.map((alias) => ciphers.get(alias) ?? moduleName(alias));
    const depends = [
      ...info.depends.map(moduleName).filter((needed) => !kernel.builtin.has(needed)),
      ...before.filter((needed) => kernel.files.has(needed)),
    ];
    modules[name] = { file, depends, aliases: info.aliases.filter(isDevice) };
    for (const needed of depends) await add(needed);
  };
  for (const name of names) await add(moduleName(name));
  const present = always.map(moduleName).filter((name) => modules[name]);
  const sorted = Object.fromEntries(
    Object.entries(modules).sort(([a], [b]) => a < b ? -1 : 1),
  );
  return { modules: sorted, always: [...new Set(present)] };
}

/** Ciphers and checksums by the name that others ask for; the portable implementation of each. */
async function cipherAliases(kernel: KernelModules): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [name, file] of kernel.files) {
    if (!file.startsWith("kernel/crypto/")) continue;
    const { aliases } = parseModuleInfo(await Deno.readFile(join(kernel.directory, file)));
    for (const alias of aliases) found.set(alias, name);
  }
  return found;
}

/** Aliases of devices have a bus in front; those of file systems, ciphers and the like do not count. */
function isDevice(alias: string): boolean {
  return /^(pci|virtio|acpi|usb|hid|input|dmi|vmbus|xen|of|platform|mdio|sdio|scsi|cpu|i2c|rtc|serio|nvme|ishtp|pnp|wmi|mei|tee|ssb|bcma):/
    .test(alias);
}

/** The files of `names` in load order, each after what it depends on. Absent names are left out. */
export function orderedFiles(index: ModuleIndex, names: readonly string[]): string[] {
  const present = names.map(moduleName).filter((name) => index.modules[name]);
  return loadOrder(index, present).map((name) => index.modules[name]!.file);
}

/** Kernel modules: drivers for the devices that are there, then the door is closed. */
import { AliasMatcher, loadOrder, type ModuleIndex, moduleName } from "$lib/kmod/mod.ts";
import type { Task } from "../sequences/engine.ts";

/** What the tasks here need of the kernel; `$ffi/module.ts` fits it. */
export interface ModuleLoader {
  /** Loads a module file; false when it is loaded already. Throws when the kernel refuses. */
  loadModule(path: string, params?: string): boolean;
}

/** Options that keep modules from making devices nobody asked for. */
const OPTIONS: Readonly<Record<string, string>> = {
  bonding: "max_bonds=0",
  dummy: "numdummies=0",
  ifb: "numifbs=0",
};

/** The modules of the running image. */
export class KernelModules {
  readonly #directory: string;
  readonly #loader: ModuleLoader;
  readonly #log: (line: string) => void;
  #index: ModuleIndex | undefined;

  constructor(deps: { directory: string; loader: ModuleLoader; log: (line: string) => void }) {
    this.#directory = deps.directory;
    this.#loader = deps.loader;
    this.#log = deps.log;
  }

  /** Loads the drivers of every device that the kernel found so far. */
  async loadDrivers(signal: AbortSignal): Promise<void> {
    const matcher = new AliasMatcher(await this.#read());
    const names = modaliases().flatMap((alias) => matcher.match(alias));
    await this.#load(new Set(names), signal);
  }

  /** Loads what every node needs: containers, netfilter, overlay networks. */
  async loadAlways(signal: AbortSignal): Promise<void> {
    await this.#load((await this.#read()).always, signal);
  }

  /** Loads `names`, each after what it depends on; what the kernel has built in is no module. */
  async load(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { modules } = await this.#read();
    await this.#load(names.filter((name) => Object.hasOwn(modules, moduleName(name))), signal);
  }

  async #read(): Promise<ModuleIndex> {
    this.#index ??= JSON.parse(
      await Deno.readTextFile(`${this.#directory}/index.json`),
    ) as ModuleIndex;
    return this.#index;
  }

  /** A module that the kernel refuses is logged: the node may do without it, and says so. */
  async #load(names: Iterable<string>, signal: AbortSignal): Promise<void> {
    const index = await this.#read();
    for (const name of loadOrder(index, names)) {
      signal.throwIfAborted();
      try {
        const file = `${this.#directory}/${index.modules[name]?.file}`;
        this.#loader.loadModule(file, OPTIONS[name]);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log(`kernel module ${name} was refused: ${reason}`);
      }
      // Each load keeps the thread for milliseconds; between two, others get their turn.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

/** The modalias of each device on any bus. */
function modaliases(): string[] {
  const found: string[] = [];
  for (const bus of Deno.readDirSync("/sys/bus")) {
    const devices = `/sys/bus/${bus.name}/devices`;
    for (const device of Deno.readDirSync(devices)) {
      try {
        // Every device has this file; asking each for one that most lack costs an error a device.
        const event = Deno.readTextFileSync(`${devices}/${device.name}/uevent`);
        const modalias = /^MODALIAS=(.+)$/m.exec(event)?.[1];
        if (modalias !== undefined) found.push(modalias);
      } catch {
        // A device may go while we look.
      }
    }
  }
  return found;
}

/** Loads the drivers of the devices that are there. */
export function loadDrivers(deps: { modules: KernelModules }): Task {
  return { name: "loadDrivers", run: (signal) => deps.modules.loadDrivers(signal) };
}

/** Loads what every node needs. */
export function loadKernelModules(deps: { modules: KernelModules }): Task {
  return { name: "loadKernelModules", run: (signal) => deps.modules.loadAlways(signal) };
}

/** Closes the door: from here on no module can be loaded until the next boot. */
export function disableModuleLoading(
  deps: { sysctls: { write(name: string, value: string): void } },
): Task {
  return {
    name: "disableModuleLoading",
    run: () => deps.sysctls.write("kernel.modules_disabled", "1"),
  };
}

import assert from "node:assert/strict";
import { scratch } from "../api/testing.ts";
import { KernelModules } from "./modules.ts";

Deno.test("KernelModules.load() loads what is a module, after what it needs, and goes on past a refusal", async () => {
  await using folder = await scratch();
  const entry = (name: string, ...depends: string[]) => ({
    [name]: { file: `${name}.ko`, depends, aliases: [] },
  });
  const index = {
    modules: { ...entry("isofs", "cdrom"), ...entry("cdrom"), ...entry("sr_mod", "cdrom") },
    always: [],
  };
  await Deno.writeTextFile(`${folder.path}/index.json`, JSON.stringify(index));
  const loaded: string[] = [];
  const log: string[] = [];
  const modules = new KernelModules({
    directory: folder.path,
    loader: {
      loadModule(path) {
        if (path.endsWith("isofs.ko")) throw new Error("EPERM");
        return loaded.push(path.slice(folder.path.length + 1)) > 0;
      },
    },
    log: (line) => log.push(line),
  });
  await modules.load(["isofs", "sr-mod", "vfat"], new AbortController().signal);
  assert.deepEqual(loaded, ["cdrom.ko", "sr_mod.ko"]);
  assert.deepEqual(log, ["kernel module isofs was refused: EPERM"]);
});

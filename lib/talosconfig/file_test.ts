import assert from "node:assert/strict";
import {
  addContext,
  contextOf,
  credentials,
  openTalosconfig,
  saveTalosconfig,
  Talosconfig,
} from "./mod.ts";

async function inFolder(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function list(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
}

Deno.test("openTalosconfig() creates an absent file, folders too, readable by its owner only", () =>
  inFolder(async (dir) => {
    const path = `${dir}/talos/deep/config.yaml`;
    assert.deepEqual((await openTalosconfig(Deno, path)).names, []);
    assert.equal(await Deno.readTextFile(path), 'context: ""\ncontexts: {}\n');
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(`${dir}/talos`)).mode! & 0o777, 0o700);
  }));

Deno.test("openTalosconfig() names the file that is broken and leaves it alone", () =>
  inFolder(async (dir) => {
    const path = `${dir}/config`;
    await Deno.writeTextFile(path, "- x\n");
    await assert.rejects(openTalosconfig(Deno, path), {
      message: `Cannot read talosconfig: it is not a mapping (in "${path}")`,
    });
    assert.equal(await Deno.readTextFile(path), "- x\n");
  }));

Deno.test("saveTalosconfig() narrows the mode, follows a link and leaves no other file", () =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/real`, "", { mode: 0o644 });
    await Deno.symlink("real", `${dir}/config`);
    const config = addContext(Talosconfig.empty(), "a", { endpoints: ["x"], nodes: [] });
    await saveTalosconfig(Deno, `${dir}/config`, config);
    assert.deepEqual(await list(dir), ["config", "real"]);
    assert.ok((await Deno.lstat(`${dir}/config`)).isSymlink);
    assert.equal((await Deno.stat(`${dir}/real`)).mode! & 0o777, 0o600);
    const back = await openTalosconfig(Deno, `${dir}/config`);
    assert.equal(back.toString(), config.toString());
  }));

Deno.test("saveTalosconfig() that fails midway leaves the old file and nothing else", () =>
  inFolder(async (dir) => {
    const path = `${dir}/config`;
    await Deno.writeTextFile(path, "context: old\n");
    const rename = (): Promise<void> => Promise.reject(new Error("disk full"));
    await assert.rejects(saveTalosconfig({ ...Deno, rename }, path, Talosconfig.empty()), {
      message: `Cannot write talosconfig "${path}": disk full`,
    });
    assert.deepEqual(await list(dir), ["config"]);
    assert.equal(await Deno.readTextFile(path), "context: old\n");
  }));

const PEM = { ca: "-----BEGIN A-----\n", crt: "-----BEGIN B-----\n", key: "-----BEGIN C-----\n" };

Deno.test("credentials() gives back the PEM texts that contextOf() was given", () => {
  const context = contextOf(PEM, { endpoints: ["e"], nodes: ["n"] });
  assert.deepEqual(credentials("home", context), PEM);
  assert.deepEqual([context.endpoints, context.nodes], [["e"], ["n"]]);
});

Deno.test("credentials() names the part that is missing or no PEM", () => {
  const { key: _, ...noKey } = contextOf(PEM);
  assert.throws(() => credentials("home", noKey), {
    message: 'Cannot use context "home": it has no key',
  });
  assert.throws(() => credentials("home", { ...noKey, key: "AAAA" }), {
    message: 'Cannot use context "home": its key is not base64 over PEM',
  });
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { CACHE, ROOT } from "../../mkimage/paths.ts";
import { ProgramError, run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";

/** Directories of a build and of a person who has nothing but the file that was built. */
interface Built {
  readonly dist: string;
  readonly home: string;
}

/** Runs a program with nothing of this host but its basic tools in reach. */
function start({ home }: Built, program: string, args: string[]): Promise<string> {
  return run(program, args, {
    env: { HOME: home, PATH: "/usr/bin:/bin", PWD: home },
    clearEnv: true,
    cwd: home,
  });
}

async function checkTalosctl(built: Built, program: string, runtime: RegExp): Promise<void> {
  const version = await start(built, program, ["version", "--client"]);
  assert.match(version, /Tag: +v0\.0\.7-test\n/);
  assert.match(version, runtime);
  await start(built, program, ["gen", "config", "demo", "https://10.0.0.1:6443"]);
  const files = (await Array.fromAsync(Deno.readDir(built.home))).map(({ name }) => name);
  for (const name of ["controlplane.yaml", "talosconfig"]) assert.ok(files.includes(name), name);
  await start(built, program, ["validate", "--config", "controlplane.yaml", "--mode", "metal"]);
  const config = join(built.home, "merged");
  await start(built, program, ["--talosconfig", config, "config", "merge", "talosconfig"]);
  assert.match(await Deno.readTextFile(config), /demo/);
  const wrong = start(built, program, ["no-such-command"]);
  await assert.rejects(wrong, (error) => error instanceof ProgramError && error.code !== 0);
}

Deno.test("compile makes a talosctl with the older pair and a portable one, over the same bundle", async (t) => {
  await using scratch = await Scratch.make();
  const dist = join(scratch.path, "dist");
  await run(Deno.execPath(), [
    ...["run", "-A", "mkimage/compile.ts", "--only", "talosctl", "--tag", "v0.0.7-test"],
    ...["--output", dist, "--pair"],
  ], { cwd: ROOT, env: { MKIMAGE_CACHE: CACHE } });
  const bundle = await Deno.readFile(join(dist, "talosctl.js"));
  const compiled = join(dist, "talosctl-compiled-2.6.8");

  await t.step("the compiled one runs", async () => {
    const home = await Deno.makeTempDir({ dir: scratch.path });
    await checkTalosctl({ dist, home }, compiled, /deno2\.6\.8 \(compiled\)/);
  });
  await t.step("the portable one runs where there is no Deno", async () => {
    const home = await Deno.makeTempDir({ dir: scratch.path });
    await checkTalosctl({ dist, home }, join(dist, "talosctl"), /deno2\.9\.6 \(portable\)/);
  });
  await t.step("both hold the bundle byte for byte", async () => {
    const whole = await Deno.readFile(compiled);
    assert.ok(whole.length < 100e6, "the bundle is compiled, not its packages");
    assert.ok(contains(whole, bundle));
    const text = await run("sh", ["-c", 'cat "$HOME"/.cache/talosctl/*/talosctl.js'], {
      env: { HOME: await unpackedHome(dist, scratch.path) },
    });
    assert.equal(text, new TextDecoder().decode(bundle));
  });
});

async function unpackedHome(dist: string, scratch: string): Promise<string> {
  const home = await Deno.makeTempDir({ dir: scratch });
  await start({ dist, home }, join(dist, "talosctl"), ["version", "--client"]);
  return home;
}

/** Whether `part` stands somewhere in `whole`. */
function contains(whole: Uint8Array, part: Uint8Array): boolean {
  const head = part.subarray(0, 64);
  for (let at = whole.indexOf(head[0]!); at >= 0; at = whole.indexOf(head[0]!, at + 1)) {
    if (!head.every((byte, i) => whole[at + i] === byte)) continue;
    if (part.every((byte, i) => whole[at + i] === byte)) return true;
  }
  return false;
}

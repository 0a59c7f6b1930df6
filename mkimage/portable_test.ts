import assert from "node:assert/strict";
import { join } from "node:path";
import { CLIENT_FLAGS, portableFile } from "./portable.ts";
import { Scratch } from "./testing.ts";

/** A portable file over a runtime that prints its arguments and the first line of the bundle. */
async function portable(scratch: Scratch): Promise<string> {
  const runtime = join(scratch.path, "runtime");
  const bundle = join(scratch.path, "bundle.js");
  await Deno.writeTextFile(
    runtime,
    '#!/bin/sh\necho "$@"\nfor last; do case $last in *.js) cat "$last";; esac; done\n',
  );
  await Deno.writeTextFile(bundle, "the bundle\n");
  const file = await portableFile({ name: "tool", tag: "v1", runtime, bundle });
  const path = join(scratch.path, "tool");
  await Deno.writeFile(path, file, { mode: 0o755 });
  return path;
}

async function start(path: string, env: Record<string, string>, args = ["a b", "c"]) {
  const { code, stdout, stderr } = await new Deno.Command(path, {
    args,
    env: { PATH: "/usr/bin:/bin", ...env },
    clearEnv: true,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

async function unpacked(cache: string): Promise<string> {
  const [name] = await names(join(cache, "tool"));
  return join(cache, "tool", name!);
}

async function names(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}

Deno.test("portableFile() starts the bundle with its arguments and unpacks once", async () => {
  await using scratch = await Scratch.make();
  const path = await portable(scratch);
  const cache = join(scratch.path, "cache");
  const first = await start(path, { XDG_CACHE_HOME: cache });
  assert.equal(first.code, 0, first.err);
  const script = join(await unpacked(cache), "tool.js");
  assert.equal(first.out, `${CLIENT_FLAGS.join(" ")} ${script} a b c\nthe bundle\n`);
  assert.equal(((await Deno.stat(await unpacked(cache))).mode ?? 0) & 0o777, 0o700);
  // A second run must not touch the payload: without it the file still starts.
  await Deno.truncate(path, 4000);
  assert.equal((await start(path, { XDG_CACHE_HOME: cache })).out, first.out);
  assert.deepEqual(await names(await unpacked(cache)), ["deno", "tool.js"]);
});

Deno.test("portableFile() survives twenty first starts at once", async () => {
  await using scratch = await Scratch.make();
  const path = await portable(scratch);
  const env = { HOME: scratch.path };
  const all = await Promise.all(Array.from({ length: 20 }, () => start(path, env)));
  assert.deepEqual(all.map(({ code, err }) => `${code}${err}`), Array(20).fill("0"));
  assert.deepEqual(await names(await unpacked(join(scratch.path, ".cache"))), ["deno", "tool.js"]);
});

Deno.test("portableFile() that is cut off says so and leaves nothing that a good one would trip on", async () => {
  await using scratch = await Scratch.make();
  const path = await portable(scratch);
  const whole = await Deno.readFile(path);
  await Deno.truncate(path, whole.length - 100);
  const cut = await start(path, { HOME: scratch.path });
  assert.equal(cut.code, 1);
  assert.match(cut.err, /Cannot start tool: it cannot be unpacked into/);
  await Deno.writeFile(path, whole);
  assert.equal((await start(path, { HOME: scratch.path })).code, 0);
});

Deno.test("portableFile() without a home says what is missing", async () => {
  await using scratch = await Scratch.make();
  const { code, err } = await start(await portable(scratch), {});
  assert.equal(code, 1);
  assert.equal(err, "Cannot start tool: neither XDG_CACHE_HOME nor HOME is set\n");
});

Deno.test("portableFile() is the same for the same inputs", async () => {
  await using one = await Scratch.make();
  await using two = await Scratch.make();
  assert.deepEqual(
    await Deno.readFile(await portable(one)),
    await Deno.readFile(await portable(two)),
  );
});

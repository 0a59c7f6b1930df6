/**
 * talosctl as a process: exit codes, pipes that close, interrupts, raw bytes on stdout.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { unpackTar } from "modern-tar";
import type { HandlerContext } from "@connectrpc/connect";
import type { DmesgRequest } from "$proto/machine/machine_pb.ts";
import { TestNode, testPki, testTalosconfig } from "../../cmd/talosctl/testing/cluster.ts";
import { testRoutes } from "../../cmd/talosctl/testing/machine.ts";
import { Home } from "./spec.ts";

async function* endless(
  _request: DmesgRequest,
  { signal }: HandlerContext,
): AsyncGenerator<{ bytes: Uint8Array<ArrayBuffer> }> {
  while (!signal.aborted) {
    yield { bytes: new TextEncoder().encode("line\n") };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A home whose talosconfig `c` leads to a node that also follows its kernel log for ever. */
async function world(): Promise<{ home: Home; stop: () => Promise<void> }> {
  const pki = await testPki();
  const node = await TestNode.start(pki, (router) => testRoutes(router, { dmesg: endless }));
  const home = await Home.make();
  await Deno.writeTextFile(home.at("c"), testTalosconfig(pki, { endpoints: [node.endpoint] }));
  return {
    home,
    stop: async () => {
      await node[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** Reads until `count` lines have come. */
async function lines(stream: ReadableStream<Uint8Array>, count: number): Promise<void> {
  const reader = stream.getReader();
  for (let seen = 0; seen < count;) {
    const { value, done } = await reader.read();
    assert.ok(!done, "the stream ended early");
    seen += value.filter((byte) => byte === 10).length;
  }
  reader.releaseLock();
}

Deno.test("talosctl ends quickly and says nothing when it is interrupted while following", async () => {
  const { home, stop } = await world();
  const child = home.spawn(["--talosconfig", "c", "dmesg", "-f"]);
  await lines(child.stdout, 3);
  const stderr = new Response(child.stderr).text();
  child.kill("SIGINT");
  // Read to its end: a reader that leaves would be the reason for an end of its own.
  await child.stdout.pipeTo(new WritableStream());
  assert.equal((await child.status).code, 130);
  assert.equal(await stderr, "");
  await stop();
});

Deno.test("talosctl ends quietly when its reader goes away", async () => {
  const { home, stop } = await world();
  const child = home.spawn(["--talosconfig", "c", "dmesg", "-f"]);
  await lines(child.stdout, 2);
  await child.stdout.cancel();
  const stderr = await new Response(child.stderr).text();
  assert.equal((await child.status).code, 141);
  assert.equal(stderr, "");
  await stop();
});

Deno.test("talosctl exits with 1 and an empty stdout on an error", async () => {
  const { home, stop } = await world();
  const { code, stdout, stderr } = await home.spawn([
    "-e",
    "127.0.0.1:1",
    "--talosconfig",
    "c",
    "ls",
  ])
    .output();
  assert.equal(code, 1);
  assert.equal(stdout.length, 0);
  assert.equal(new TextDecoder().decode(stderr), "Cannot reach 127.0.0.1:1: connection refused\n");
  await stop();
});

Deno.test("talosctl copy writes the archive to stdout byte by byte, or unpacks it", async () => {
  const { home, stop } = await world();
  const { code, stdout } = await home.spawn(["--talosconfig", "c", "copy", "/etc", "-"]).output();
  assert.equal(code, 0);
  const tar = new Blob([stdout]).stream().pipeThrough(new DecompressionStream("gzip"));
  const [entry, ...rest] = await unpackTar(await new Response(tar).arrayBuffer());
  assert.deepEqual(rest, []);
  assert.equal(entry?.header.name, "os-release");
  assert.equal(Buffer.from(entry?.data ?? []).toString(), "ID=talos\n");
  const unpacked = await home.run(["--talosconfig", "c", "copy", "/etc", "out"]);
  assert.deepEqual(unpacked, { code: 0, stdout: "", stderr: "" });
  assert.equal(await Deno.readTextFile(home.at("out", "os-release")), "ID=talos\n");
  await stop();
});

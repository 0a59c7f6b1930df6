import assert from "node:assert/strict";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { createCa, hoursMs, issueServerLeaf, sans, tlsKey } from "$lib/pki/mod.ts";
import { adminOf } from "./credentials.ts";
import { faultOf, garble, HARMLESS_PATHS } from "./garble.ts";
import { badCall, CALL_KINDS } from "./garble_calls.ts";
import type { GarbleTarget } from "./garble_client.ts";
import { badConnection, CONNECTION_KINDS } from "./garble_connections.ts";
import { garbleSizes } from "./garble_sizes.ts";
import { messageOf } from "./garble_bytes.ts";
import { MESSAGE_LIMIT_BYTES } from "$lib/rpc/mod.ts";
import { Random } from "./garble_random.ts";
import { startNode, type TestNode } from "./node.ts";

async function targetOf({ ca, port }: Pick<TestNode, "ca" | "port">): Promise<GarbleTarget> {
  const { crt, key } = await adminOf(ca);
  return { host: "127.0.0.1", port, ca: ca.crt, crt, key: tlsKey(key) };
}

async function openFiles(): Promise<number> {
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).length;
}

Deno.test("garble() sends a thousand bad cases to apid, which refuses them and goes on", async () => {
  await using node = await startNode();
  const target = await targetOf(node);
  await garble({ target, count: 100, seed: 7, deadlineMs: 5_000 });
  const before = await openFiles();
  const report = await garble({
    target,
    count: 1_000,
    seed: 1,
    deadlineMs: 5_000,
  });
  assert.deepEqual(report.faults, []);
  assert.equal([...report.endings.values()].reduce((sum, count) => sum + count), 1_000);
  assert.ok(report.good.sent >= 40 && report.good.failed === 0);
  assert.ok((await openFiles()) <= before + 16, `${await openFiles()} files open, were ${before}`);
});

Deno.test("garbleSizes() gets messages up to the limit through apid, and none beyond", async () => {
  await using node = await startNode();
  const endings = await garbleSizes(await targetOf(node), MESSAGE_LIMIT_BYTES);
  assert.deepEqual(endings.map(({ name, how }) => `${name}: ${how}`), [
    "limit - 1: grpc 0",
    "limit: grpc 0",
    "limit + 1: grpc 8",
    "1 GiB declared: grpc 8",
  ]);
});

Deno.test("messageOf() makes messages of exactly the size", () => {
  for (const size of [10, 100, 5_000, 1 << 20, 1 << 25]) assert.equal(messageOf(size).length, size);
});

Deno.test("garble() covers every kind of case within two thousand", () => {
  const kinds = new Set<string>();
  for (let index = 0; index < 2_000; index++) {
    const random = new Random(1, index);
    kinds.add(badCall({ random, path: "/a/b", limitBytes: 1_000 }).kind);
    kinds.add(badConnection(random).kind);
  }
  assert.equal(kinds.size, CALL_KINDS.length + CONNECTION_KINDS.length);
});

Deno.test("garble() makes the same case from the same seed and number", () => {
  const made = (seed: number, index: number): unknown =>
    badCall({ random: new Random(seed, index), path: "/a/b", limitBytes: 1_000 });
  assert.deepEqual(made(3, 14), made(3, 14));
  assert.notDeepEqual(made(3, 14), made(4, 14));
});

Deno.test("garble() leaves out what would end or change a node", () => {
  assert.ok(HARMLESS_PATHS.includes("/machine.MachineService/Read"));
  assert.ok(!HARMLESS_PATHS.some((path) => /Reboot|Reset|Shutdown|Upgrade|Apply/.test(path)));
});

Deno.test("garble() finds fault with a server that takes everything", async () => {
  const now = new Date();
  const ca = await createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now });
  const names = sans(["127.0.0.1"]);
  const server = await issueServerLeaf({ ca, sans: names, now, lifetimeMs: hoursMs(1) });
  const careless = http2.createSecureServer({ cert: server.crt, key: tlsKey(server.key) });
  careless.on("sessionError", () => {});
  careless.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.resume();
    stream.on("end", () => {
      if (stream.destroyed) return;
      stream.respond({ "content-type": "application/grpc", "grpc-status": 0 }, { endStream: true });
    });
  });
  await new Promise<void>((done) => careless.listen(0, "127.0.0.1", done));
  const { port } = careless.address() as AddressInfo;
  const target = await targetOf({ ca, port });
  const report = await garble({ target, count: 60, seed: 1, deadlineMs: 1_000 });
  assert.ok(report.faults.length > 10, `${report.faults.length} faults`);
  assert.match(report.faults.join("\n"), /took it and answered OK/);
  await new Promise<void>((done) => {
    careless.close(() => done());
  });
});

const CASES: [string, Parameters<typeof faultOf>[0], boolean, RegExp | undefined][] = [
  ["a refusal", { how: "grpc 3", message: "no", data: false }, true, undefined],
  ["OK where that cannot be", { how: "grpc 0", message: "", data: false }, true, /answered OK/],
  ["OK where that can be", { how: "grpc 0", message: "", data: false }, false, undefined],
  ["no answer", { how: "timeout", message: "", data: false }, false, /gave no answer/],
  ["no connection", { how: "no connection", message: "x", data: false }, true, /not be called: x/],
  ["a stream that goes on", { how: "timeout", message: "", data: true }, false, undefined],
  [
    "a stack",
    { how: "grpc 13", message: "Error: x\n    at f (file:///a/b.ts:1:2)", data: false },
    true,
    /answered with a stack/,
  ],
];
for (const [name, ending, mustFail, want] of CASES) {
  Deno.test(`faultOf() judges ${name}`, () => {
    const fault = faultOf(ending, mustFail, "/a/b");
    if (want) assert.match(fault ?? "", want);
    else assert.equal(fault, undefined);
  });
}

/** The certificate of a node's API is renewed in real time, under a stream that stays open. */
import assert from "node:assert/strict";
import * as tls from "node:tls";
import { fromBinary } from "@bufbuild/protobuf";
import { frameOf, FrameSplitter, type Identity } from "$lib/rpc/mod.ts";
import { RawClient, temporaryFolder, TestPki } from "$lib/rpc/testing.ts";
import { systemClock } from "$lib/service/mod.ts";
import { EventSchema } from "$proto/machine/machine_pb.ts";
import { apidAt, machineAt, portOf, routerAt } from "../../cmd/apid/testing_programs.ts";
import { ApiIdentity } from "../../cmd/machined/identity/api_identity.ts";

const LONG = Deno.env.get("TEST_TIER") === "long";
/** Two minutes for half an hour in tier long. */
const LIFETIME_MS = LONG ? 120_000 : 20_000;
const SOAK_MS = LONG ? 1_800_000 : 35_000;
/** The node looks each 5 s whether a renewal is due; the rest is a busy machine. */
const SLACK_MS = 10_000;
const EVENTS = "/machine.MachineService/Events";
const VERSION = "/machine.MachineService/Version";
const EMPTY = frameOf(new Uint8Array(0));

/** What a server shows to a client of this identity. */
function shown(port: number, identity: Identity): Promise<{ fingerprint: string; from: number }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, ALPNProtocols: ["h2"], ...identity });
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const { fingerprint256, valid_from } = socket.getPeerCertificate();
      socket.destroy();
      resolve({ fingerprint: fingerprint256, from: Date.parse(valid_from) });
    });
  });
}

Deno.test(`a stream and calls go on for ${SOAK_MS / 1_000} s while a certificate of ${LIFETIME_MS / 1_000} s is renewed`, async () => {
  await using folder = await temporaryFolder();
  const pki = await TestPki.create();
  await using _machine = await machineAt(folder.path);
  await using _routerd = await routerAt(folder.path);
  const keeper = new ApiIdentity({
    inputs: () => ({
      ca: pki.ca.crt,
      signer: { kind: "self", key: pki.ca.key },
      names: ["127.0.0.1"],
    }),
    clock: systemClock,
    lifetimeMs: LIFETIME_MS,
    askTrustd: () => Promise.reject(new Error("nobody is asked")),
    log: () => {},
  });
  const over = new AbortController();
  const keeping = keeper.keep(over.signal);
  const faces = keeper.current.watch(over.signal);
  const { value: first } = await faces.next();
  assert.ok(first && "identity" in first);
  await using apid = await apidAt(folder.path, first.identity);
  const handing = (async () => {
    for await (const face of faces) await apid.line(face);
  })();

  const port = portOf(apid);
  const identity = await pki.client();
  await using raw = await RawClient.connect({ host: "127.0.0.1", port, identity });
  const stream = raw.open(EVENTS);
  const splitter = new FrameSplitter(1 << 20);
  let next = 0;
  const faults: string[] = [];
  stream.on("data", (chunk: Uint8Array) => {
    const frames = splitter.push(chunk);
    if (!Array.isArray(frames)) return void faults.push("a frame is broken");
    for (const { message } of frames) {
      const { id } = fromBinary(EventSchema, message);
      if (id !== String(next)) faults.push(`${id} came in place of ${next}`);
      next = Number(id) + 1;
    }
  });
  stream.on("close", () => faults.push("the stream is over"));
  stream.end(EMPTY);

  const seen = new Map<string, number>();
  let calls = 0;
  const endMs = performance.now() + SOAK_MS;
  while (performance.now() < endMs) {
    const { fingerprint, from } = await shown(port, identity);
    if (!seen.has(fingerprint)) seen.set(fingerprint, Date.now());
    const age = Date.now() - from;
    assert.ok(age < LIFETIME_MS / 2 + SLACK_MS, `shown for ${age} ms`);
    await using other = await RawClient.connect({ host: "127.0.0.1", port, identity });
    assert.equal((await other.call(VERSION, EMPTY)).status?.code, 0);
    calls++;
    const before = next;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.deepEqual(faults, []);
    assert.ok(next > before, "the stream stands still");
  }
  stream.removeAllListeners("close");
  stream.close(8);
  over.abort();
  await Promise.all([keeping, handing]);
  const renewals = seen.size - 1;
  const text = `${renewals} renewals, ${next} messages of one stream, ${calls} calls`;
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  assert.ok(renewals >= Math.floor(SOAK_MS / (LIFETIME_MS / 2 + SLACK_MS)), text);
});

/** The node's programs while the clock of their machine jumps: libfaketime turns it, under the real programs. */
import assert from "node:assert/strict";
import { fromBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { hoursMs } from "$lib/pki/mod.ts";
import { frameOf, FrameSplitter } from "$lib/rpc/mod.ts";
import { RawClient, temporaryFolder, TestPki, until } from "$lib/rpc/testing.ts";
import { EventSchema } from "$proto/machine/machine_pb.ts";
import { apidAt, machineAt, portOf, Program, routerAt } from "../../cmd/apid/testing_programs.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const EVENTS = "/machine.MachineService/Events";
const VERSION = "/machine.MachineService/Version";
const EMPTY = frameOf(new Uint8Array(0));
/** Ten years back is before anything here was built. */
const JUMPS = ["+1h", "-1h", "+10y", "-10y"] as const;
/** Those at which no certificate of today holds. */
const FAR: readonly string[] = ["+10y", "-10y"];
/** What apid then says of a client's certificate. */
const REFUSAL = /^refused 127\.0\.0\.1:\d+: client certificate: expired, not valid yet/m;

/** A clock that the test sets. */
class Clock {
  readonly env: Record<string, string>;

  constructor(readonly path: string) {
    this.env = {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: "1",
      // As in a kernel: what is monotonic does not jump.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    this.jump("+0");
  }

  jump(offset: string): void {
    // In place of the old file at once: a reader must not find half of it.
    Deno.writeTextFileSync(`${this.path}.new`, `${offset}\n`);
    Deno.renameSync(`${this.path}.new`, this.path);
  }
}

function clockTest(name: string, fn: (clock: Clock, folder: string) => Promise<void>): void {
  const missing = isFile(FAKETIME) ? "" : " (skipped: needs libfaketime)";
  Deno.test({
    name: `${name}${missing}`,
    ignore: missing !== "",
    fn: async () => {
      await using folder = await temporaryFolder();
      await fn(new Clock(`${folder.path}/clock`), folder.path);
    },
  });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

clockTest(
  "apid and routerd go on while the clock jumps by an hour and by ten years, and say whom they refuse",
  async (clock, folder) => {
    const pki = await TestPki.create();
    await using _machine = await machineAt(folder, clock.env);
    await using _routerd = await routerAt(folder, clock.env);
    await using apid = await apidAt(folder, await pki.server(), clock.env);
    const identity = await pki.client(-hoursMs(2), hoursMs(24));
    const to = { host: "127.0.0.1", port: portOf(apid), identity };
    const answers = async (): Promise<boolean> => {
      try {
        await using other = await RawClient.connect(to);
        return (await other.call(VERSION, EMPTY)).status?.code === 0;
      } catch {
        return false;
      }
    };
    await using raw = await RawClient.connect(to);
    const stream = raw.open(EVENTS);
    const splitter = new FrameSplitter(1 << 20);
    const ids: string[] = [];
    stream.on("data", (chunk: Uint8Array) => {
      const frames = splitter.push(chunk);
      assert.ok(Array.isArray(frames));
      ids.push(...frames.map(({ message }) => fromBinary(EventSchema, message).id));
    });
    stream.end(EMPTY);
    await until("streaming", () => ids.length > 0);

    for (const jump of JUMPS) {
      const logged = apid.log.length;
      const begunMs = performance.now();
      const deadline = raw.call(EVENTS, EMPTY, { "grpc-timeout": "2S" });
      await new Promise((resolve) => setTimeout(resolve, 500));
      clock.jump(jump);
      const before = ids.length;
      await until(`streaming after ${jump}`, () => ids.length > before + 20);
      const { status } = await deadline;
      const tookMs = performance.now() - begunMs;
      assert.equal(status?.code, Code.DeadlineExceeded, jump);
      assert.ok(tookMs > 1_900 && tookMs < 10_000, `${jump}: a deadline of 2 s after ${tookMs} ms`);
      assert.equal(await answers(), !FAR.includes(jump), jump);
      if (FAR.includes(jump)) {
        await until(`told: ${jump}`, () => REFUSAL.test(apid.log.slice(logged)));
      }
      assert.equal((await raw.call(VERSION, EMPTY)).status?.code, 0, "an open connection goes on");
      clock.jump("+0");
      assert.equal(await answers(), true, `after ${jump}`);
    }
    assert.deepEqual(ids, ids.map((_, at) => String(at)), "no message is missing");
    stream.close(8);
    assert.equal(await apid.stop(), 0);
  },
);

/** Keeps a certificate as machined does; tells of each one and of what keeps it from one. */
const KEEPER = `
import { ApiIdentity } from "${ROOT}cmd/machined/identity/api_identity.ts";
import { inspectCertificate } from "$lib/pki/mod.ts";
import { systemClock } from "$lib/service/mod.ts";
const [crt, key] = Deno.args;
const log = (line) => console.error(line);
const ca = { crt: Deno.readTextFileSync(crt), key: Deno.readTextFileSync(key) };
const keeper = new ApiIdentity({
  inputs: () => ({ ca: ca.crt, signer: { kind: "self", key: ca.key }, names: ["127.0.0.1"] }),
  clock: systemClock, lifetimeMs: 3_600_000, log,
  askTrustd: () => Promise.reject(new Error("nobody is asked")),
});
const signal = new AbortController().signal;
void keeper.keep(signal);
for await (const { identity } of keeper.current.watch(signal)) {
  const { notBefore, notAfter } = inspectCertificate(identity.cert);
  const now = Date.now();
  log("holds now: " + (notBefore.getTime() <= now && now < notAfter.getTime()));
}
`;

clockTest(
  "ApiIdentity of a machine whose clock starts before the build waits, and issues anew after each step",
  async (clock, folder) => {
    const pki = await TestPki.create();
    await Deno.writeTextFile(`${folder}/ca.crt`, pki.ca.crt);
    await Deno.writeTextFile(`${folder}/ca.key`, pki.ca.key, { mode: 0o600 });
    await Deno.writeTextFile(`${folder}/keeper.ts`, KEEPER);
    clock.jump("-10y");
    await using keeper = new Program(
      [
        // From source, packages are looked for: to that clock they are from the future.
        ...["run", "-A", "--quiet", "--no-lock", "--minimum-dependency-age=0"],
        ...["--config", `${ROOT}deno.json`],
        ...[`${folder}/keeper.ts`, `${folder}/ca.crt`, `${folder}/ca.key`],
      ],
      clock.env,
    );
    const issued = () => keeper.log.split("holds now: true").length - 1;
    await until(
      "told why",
      () => /no API certificate yet.*CA holds only from/.test(keeper.log),
      60_000,
    );
    assert.equal(issued(), 0);
    clock.jump("+0");
    await until("issued", () => issued() === 1, 30_000);
    // An hour back it is not valid yet; an hour ahead of that, half of its life is over.
    clock.jump("-1h");
    await until("issued an hour back", () => issued() === 2, 30_000);
    clock.jump("+1h");
    await until("issued an hour ahead", () => issued() === 3, 30_000);
    assert.doesNotMatch(keeper.log, /holds now: false/);
  },
);

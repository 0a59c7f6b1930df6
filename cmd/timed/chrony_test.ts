import assert from "node:assert/strict";
import { inOwnProcess, lacksProgram, output, rootTest } from "$ffi/testing.ts";

const root = new URL("../../", import.meta.url).pathname;
const missing = lacksProgram("ip", "chronyd");

/** chronyds on loopback addresses of a namespace; they serve the host's clock and never touch it. */
class Chronies implements AsyncDisposable {
  readonly namespace = `time-${crypto.randomUUID().slice(0, 8)}`;
  readonly #children: Deno.ChildProcess[] = [];
  readonly #dirs: string[] = [];

  static async start(...addresses: string[]): Promise<Chronies> {
    const chronies = new Chronies();
    await output("ip", ["netns", "add", chronies.namespace]);
    await output("ip", ["-n", chronies.namespace, "link", "set", "lo", "up"]);
    for (const address of addresses) await chronies.#add(address);
    return chronies;
  }

  async #add(address: string): Promise<void> {
    const dir = await Deno.makeTempDir();
    this.#dirs.push(dir);
    const lines = [
      ...["local stratum 3", "allow all", `bindaddress ${address}`],
      ...["cmdport 0", "bindcmdaddress /", `pidfile ${dir}/pid`, ""],
    ];
    await Deno.writeTextFile(`${dir}/chrony.conf`, lines.join("\n"));
    // -x: the clock is left alone; -d: no daemon, no syslog.
    const chronyd = ["chronyd", "-x", "-d", "-u", "root", "-f", `${dir}/chrony.conf`];
    this.#children.push(
      new Deno.Command("ip", {
        args: ["netns", "exec", this.namespace, ...chronyd],
        stdout: "null",
        stderr: "null",
      }).spawn(),
    );
  }

  /** Runs a module body in the namespace; gives what it prints as JSON. */
  run<T>(script: string): Promise<T> {
    return inOwnProcess(PRELUDE + script, ["ip", "netns", "exec", this.namespace]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.kill("SIGTERM");
      await child.status;
    }
    await output("ip", ["netns", "del", this.namespace]);
    for (const dir of this.#dirs) await Deno.remove(dir, { recursive: true });
  }
}

/** `again` tries until chrony, which takes a moment, serves. */
const PRELUDE = `
  import { addressesOf, queryAddress, querySntp } from "${root}cmd/timed/sntp.ts";
  import { Timed } from "${root}cmd/timed/timed.ts";
  import { Responder } from "${root}cmd/timed/_responder.ts";
  import { clockTime } from "$ffi/clock.ts";
  const options = { deadlineMs: 2_000, nowNs: () => clockTime("REALTIME") };
  const pause = () => new Promise((resume) => setTimeout(resume, 200));
  async function again(run) {
    for (const end = performance.now() + 60_000;; await pause()) {
      try { return await run(); } catch (error) { if (performance.now() > end) throw error; }
    }
  }`;

rootTest("querySntp() reads a real chrony's time, stratum and error", async () => {
  await using chronies = await Chronies.start("127.0.0.1");
  const found = await chronies.run<{ stratum: number; offsetMs: number; distanceMs: number }>(`
    const found = await again(() => querySntp("127.0.0.1", options));
    console.log(JSON.stringify({
      stratum: found.stratum,
      offsetMs: Number(found.offsetNs) / 1e6,
      distanceMs: Number(found.rootDistanceNs) / 1e6,
    }));`);
  assert.equal(found.stratum, 3);
  assert.ok(Math.abs(found.offsetMs) < 500, `${found.offsetMs} ms`);
  assert.ok(found.distanceMs >= 0 && found.distanceMs < 3_000, `${found.distanceMs} ms`);
}, missing);

rootTest("Timed follows three chronies and outvotes a server that lies by an hour", async () => {
  await using chronies = await Chronies.start("127.0.0.1", "127.0.0.2", "127.0.0.3");
  const { done, log } = await chronies.run<{ done: string[]; log: string[] }>(`
    const servers = ["127.0.0.4", "127.0.0.1", "127.0.0.2", "127.0.0.3"];
    await using liar = await Responder.start({
      aheadMs: 3_600_000, hostname: "127.0.0.4", port: 123,
    });
    for (const server of servers) await again(() => querySntp(server, options));
    const done = [], log = [];
    const { promise, resolve } = Promise.withResolvers();
    const timed = new Timed({
      clock: {
        step: () => done.push("step"), slew: () => done.push("slew"),
        slewLeftNs: () => 0n, markSynchronized: () => done.push("right"), keepInHardware() {},
      },
      nowNs: options.nowNs, monotonicNs: () => clockTime("MONOTONIC"),
      resolve: (server) => addressesOf(server, options),
      query: (server, address) => queryAddress(server, address, options),
      startServer: "127.0.0.1", random: Math.random,
      log: (line) => log.push(line), onReady: resolve,
    });
    timed.configure({ servers, disabled: false, configured: true });
    await promise;
    await timed.close();
    console.log(JSON.stringify({ done, log }));`);
  assert.deepEqual(done, ["slew", "right"]);
  assert.match(log.join("\n"), /127\.0\.0\.4 \(127\.0\.0\.4\) is outvoted: 3[56]\d{5}\.\d+ ms off/);
}, missing);

import assert from "node:assert/strict";
import net from "node:net";
import { dirname } from "node:path/posix";
import { createClient } from "@connectrpc/connect";
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import { healthLineSocket, HealthState, serveHealthLine } from "$lib/daemon/mod.ts";
import { unixTransport } from "$lib/rpc/mod.ts";
import {
  EventRing,
  Latest,
  type LaunchedProcess,
  LogStore,
  type ProcessLauncher,
  ServiceManager,
} from "$lib/service/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { scratch } from "../api/testing.ts";
import type { ServiceRole } from "../launch/rights.ts";
import { type RunningConfig } from "../config/store.ts";
import type { ApiFace } from "../identity/api_identity.ts";
import { apidService } from "./apid.ts";
import { componentHealth, dialHealth } from "./health.ts";
import { machinedService } from "./machined.ts";
import { networkdService } from "./networkd.ts";
import { routerdService } from "./routerd.ts";
import { timedService } from "./timed.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const asRoot = { ignore: Deno.build.os !== "linux" || Deno.uid() !== 0 };

/** Launches `cat` in place of each role: what it is fed comes back in its log. */
const catLauncher: ProcessLauncher<ServiceRole> = {
  launch(): Promise<LaunchedProcess> {
    const child = new Deno.Command("/bin/cat", { stdin: "piped", stdout: "piped" }).spawn();
    return Promise.resolve({
      pid: child.pid,
      stdin: child.stdin,
      stdout: child.stdout,
      status: child.status,
      kill: (signal) => child.kill(signal),
    });
  },
};

function world() {
  const logs = new LogStore();
  const running = new Latest<RunningConfig>();
  const current = new Latest<ApiFace>();
  const manager = new ServiceManager({
    events: new EventRing(),
    backoffMs: 20,
    stopLimitMs: 2_000,
  });
  const machine = {
    cmdline: KernelCmdline.parse("talos.platform=metal ip=dhcp"),
    config: { running } as unknown as Parameters<typeof timedService>[1]["config"],
    sharedAddresses: { held: new Latest<readonly string[]>([]) },
    identity: { current } as unknown as Parameters<typeof apidService>[1]["identity"],
  };
  const runner = { launcher: catLauncher, logs };
  const lines = (id: string) => new TextDecoder().decode(logs.tail(id)).split("\n").slice(0, -1);
  return { logs, running, current, manager, machine, runner, lines };
}

function configOf(machine: Record<string, unknown>): RunningConfig {
  return { text: "", config: { machine } as unknown as RunningConfig["config"] };
}

async function eventually(test: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (test()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never: ${test}`);
}

Deno.test(
  "networkdService() starts without a configuration and is fed each one that comes",
  linux,
  async () => {
    const { manager, machine, runner, running, lines } = world();
    manager.load(networkdService(runner, machine));
    manager.start();
    await eventually(() => lines("networkd").length === 1);
    running.set(configOf({ network: { hostname: "a" } }));
    await eventually(() => lines("networkd").length === 2);
    running.set(configOf({ network: { hostname: "a" }, env: { X: "1" } }));
    running.set(configOf({ network: { hostname: "b" } }));
    await eventually(() => lines("networkd").length === 3);
    machine.sharedAddresses.held.set(["10.5.0.250"]);
    await eventually(() => lines("networkd").length === 4);
    await manager.stop();
    assert.deepEqual(lines("networkd").map((line) => JSON.parse(line)), [
      { cmdline: "talos.platform=metal ip=dhcp", network: null },
      { cmdline: "talos.platform=metal ip=dhcp", network: { hostname: "a" } },
      { cmdline: "talos.platform=metal ip=dhcp", network: { hostname: "b" } },
      {
        cmdline: "talos.platform=metal ip=dhcp",
        network: { hostname: "b" },
        shared: ["10.5.0.250"],
      },
    ], "what is the same to networkd is not written again");
  },
);

Deno.test("timedService() is fed the configured servers, or the default one", linux, async () => {
  const { manager, machine, runner, running, lines } = world();
  manager.load(networkdService(runner, machine), timedService(runner, machine));
  manager.start("timed");
  await eventually(() => manager.status("timed")?.state === "Waiting");
  assert.equal(
    manager.status("timed")?.events[0]?.message,
    'Waiting for service "networkd" to be "up"',
  );
  await manager.stop();
  const alone = new ServiceManager();
  alone.load({ ...timedService(runner, machine), dependsOn: [] });
  alone.start();
  await eventually(() => lines("timed").length === 1);
  running.set(configOf({ time: { servers: ["ntp.example"] } }));
  await eventually(() => lines("timed").length === 2);
  await alone.stop();
  assert.deepEqual(lines("timed").map((line) => JSON.parse(line)), [
    { servers: ["pool.ntp.org"], disabled: false, configured: false },
    { servers: ["ntp.example"], disabled: false, configured: true },
  ]);
});

Deno.test(
  "timedService() is skipped when the configuration disables it, and counts as up",
  linux,
  async () => {
    const { manager, machine, runner, running } = world();
    manager.load({ ...timedService(runner, machine), dependsOn: [] });
    // As it is before there is a configuration.
    manager.start();
    await eventually(() => manager.status("timed")?.state === "Running");
    running.set(configOf({ time: { disabled: true } }));
    await manager.stop("timed");
    manager.start();
    await manager.waitUp(["timed"], { timeoutMs: 2_000 });
    assert.equal(manager.status("timed")?.state, "Skipped");
  },
);

Deno.test(
  "apidService() starts before there is a certificate, is fed each one and logs none of them",
  linux,
  async () => {
    const { manager, machine, runner, current, lines } = world();
    manager.load(apidService(runner, machine));
    manager.start();
    await eventually(() => manager.status("apid")?.state === "Running");
    assert.deepEqual(lines("apid"), []);
    current.set({ identity: { ca: "CA", cert: "ONE", key: "SECRET" } });
    await eventually(() => lines("apid").length === 1);
    current.set({ identity: { ca: "CA", cert: "TWO", key: "SECRET" } });
    await eventually(() => lines("apid").length === 2);
    await manager.stop();
    const certs = lines("apid").map((line) => JSON.parse(line).identity.cert);
    assert.deepEqual(certs, ["ONE", "TWO"]);
    assert.ok(!JSON.stringify(manager.list()).includes("SECRET"));
  },
);

Deno.test("routerdService() keeps stdin open: its end would mean stop", linux, async () => {
  const { manager, runner } = world();
  manager.load({ ...routerdService(runner), health: { check: () => Promise.resolve() } });
  manager.start();
  await eventually(() => manager.status("routerd")?.state === "Running");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(manager.status("routerd")?.events.length, 2, "still the first process");
  await manager.stop();
});

Deno.test("a service's process that is killed comes back with the same input", linux, async () => {
  const { manager, machine, runner, lines } = world();
  manager.load(networkdService(runner, machine));
  manager.start();
  for (const lives of [1, 2, 3]) {
    await eventually(() => lines("networkd").length === lives);
    const message = manager.status("networkd")!.events.findLast((e) =>
      e.state === "Running"
    )!.message;
    const pid = Number(/PID (\d+)$/.exec(message)?.[1]);
    assert.ok(pid > 1);
    if (lives < 3) Deno.kill(pid, "SIGKILL");
  }
  await manager.stop();
  assert.equal(new Set(lines("networkd")).size, 1);
});

Deno.test(
  "componentHealth() is healthy only when the component is ready and serves",
  linux,
  async () => {
    await using dir = await scratch();
    const socket = `${dir.path}/component.sock`;
    const state = new HealthState();
    state.serving = false;
    const check = componentHealth(socket);
    const signal = () => AbortSignal.timeout(2_000);
    await assert.rejects(check(signal()));
    const server = await serveHealthLine(healthLineSocket(socket), state);
    await assert.rejects(check(signal()), /not ready/);
    state.ready = true;
    await assert.rejects(check(signal()), /not serving/);
    state.serving = true;
    await check(signal());
    await server.close();
    await assert.rejects(check(signal()), "and again after the process went");
  },
);

Deno.test(
  "dialHealth() is healthy while something accepts, on TCP and unix sockets",
  linux,
  async () => {
    await using dir = await scratch();
    const path = `${dir.path}/some.sock`;
    const server = net.createServer((socket) => socket.destroy());
    await assert.rejects(dialHealth({ path })(AbortSignal.timeout(1_000)), /ENOENT/);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    await dialHealth({ path })(AbortSignal.timeout(1_000));
    await new Promise((resolve) => server.close(resolve));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as net.AddressInfo;
    await dialHealth({ host: "127.0.0.1", port })(AbortSignal.timeout(1_000));
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(
      dialHealth({ host: "127.0.0.1", port })(AbortSignal.timeout(1_000)),
      /REFUSED/,
    );
  },
);

Deno.test(
  "machinedService() serves on a socket that its caller alone may use, and again after a restart",
  asRoot,
  async () => {
    await using dir = await scratch();
    const socket = `${dir.path}/run/machine.sock`;
    const caller = 51;
    const log: string[] = [];
    const handlers = {
      hostname: () => ({ messages: [{ hostname: "a" }] }),
      version: () => {
        throw new Error("outer", { cause: new Error("inner") });
      },
    };
    const manager = new ServiceManager();
    manager.load(machinedService({ handlers, log: (line) => log.push(line), socket, caller }));
    manager.start();
    await manager.waitUp(["machined"], { timeoutMs: 5_000 });
    const [file, directory] = [await Deno.stat(socket), await Deno.stat(dirname(socket))];
    assert.deepEqual([file.mode! & 0o777, file.uid], [0o600, caller]);
    assert.deepEqual([directory.mode! & 0o777, directory.uid, directory.gid], [0o750, 0, caller]);
    const client = () => createClient(MachineService, unixTransport(socket));
    assert.equal((await client().hostname({})).messages[0]?.hostname, "a");
    await assert.rejects(client().version({}));
    assert.match(log.join(), /Version failed: Error: outer[\s\S]*caused by Error: inner/);
    await manager.restart("machined");
    await manager.waitUp(["machined"], { timeoutMs: 5_000 });
    assert.equal((await client().hostname({})).messages[0]?.hostname, "a");
    await manager.stop();
  },
);

import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { unixTransport } from "$lib/rpc/mod.ts";
import { EventRing, inProcess, LogStore, ServiceManager, systemClock } from "$lib/service/mod.ts";
import { MachineService, TaskEventSchema } from "$proto/machine/machine_pb.ts";
import { fromBinary } from "@bufbuild/protobuf";
import { ConfigChanges } from "./config_changes.ts";
import { SavedConfig } from "../config/saved.ts";
import { ConfigStore } from "../config/store.ts";
import { machineService } from "./mod.ts";
import { collect, serve } from "./testing.ts";

const linux = { ignore: Deno.build.os !== "linux" };

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

const PARTS = {
  build: {
    tag: "v9.9.9",
    sha: "abc",
    built: "2026-01-01T00:00:00Z",
    runtime: "deno2 (x)",
    os: "linux",
    arch: "amd64",
  },
  platform: { name: "metal", mode: "metal" },
  hostname: () => "node-a",
  kmsg: { open: () => Promise.reject(new Error("no kernel log here")) },
  config: new ConfigStore(),
  changes: new ConfigChanges({
    config: new ConfigStore(),
    savedConfig: new SavedConfig(),
    power: { request: () => {} },
    installFault: () => Promise.resolve(undefined),
    prepareState: () => Promise.resolve(),
    log: () => {},
    clock: systemClock,
  }),
  inventory: { system: () => Promise.resolve([]), "k8s.io": () => Promise.resolve([]) },
  usage: () => Promise.resolve(undefined),
};

/** What the node answers now; a method that joins or leaves the API has to be said here. */
const ANSWERED = [
  "applyConfiguration",
  "cPUInfo",
  "containers",
  "copy",
  "diskStats",
  "diskUsage",
  "dmesg",
  "events",
  "generateConfiguration",
  "hostname",
  "list",
  "loadAvg",
  "logs",
  "memory",
  "mounts",
  "networkDeviceStats",
  "processes",
  "read",
  "reboot",
  "restart",
  "serviceList",
  "serviceRestart",
  "serviceStart",
  "serviceStop",
  "shutdown",
  "stats",
  "systemStat",
  "version",
];

/** A machine service over a real socket, and the parts behind it. */
async function world() {
  const logs = new LogStore();
  const events = new EventRing();
  const services = new ServiceManager({ events, log: logs.writer("machined") });
  services.load(
    { id: "machined", run: inProcess(until) },
    { id: "timed", dependsOn: ["machined"], run: inProcess(until), apiRestart: true },
  );
  services.start();
  await services.waitUp(["machined", "timed"], { timeoutMs: 5_000 });
  const requests: string[] = [];
  const node = await serve(machineService({
    logs,
    events,
    services,
    ...PARTS,
    statfs: (path) => {
      if (path === "/proc") return Promise.reject(new Error("ENOSYS"));
      return Promise.resolve({ sizeBytes: 1_000, availableBytes: 400 });
    },
    power: { request: (action, origin) => requests.push(`${action} by ${origin}`) },
  }));
  return {
    ...node,
    logs,
    events,
    services,
    requests,
    async [Symbol.asyncDispose]() {
      await services.stop();
      await node[Symbol.asyncDispose]();
    },
  };
}

function fails(promise: Promise<unknown>, code: Code, message: RegExp): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code]);
    assert.match(error.rawMessage, message);
    return true;
  });
}

Deno.test(
  "machineService() answers version, hostname and the kernel's counters",
  linux,
  async () => {
    await using node = await world();
    const { client } = node;
    const [version] = (await client.version({})).messages;
    assert.equal(version?.version?.tag, "v9.9.9");
    assert.equal(version?.version?.goVersion, "deno2 (x)");
    assert.equal(version?.platform?.mode, "metal");
    assert.equal((await client.hostname({})).messages[0]?.hostname, "node-a");
    const [memory] = (await client.memory({})).messages;
    assert.equal(Number(memory?.meminfo?.memtotal) * 1024, Deno.systemMemoryInfo().total);
    assert.ok((await client.loadAvg({})).messages.length === 1);
    const [cpus] = (await client.cPUInfo({})).messages;
    assert.equal(cpus?.cpuInfo.length, navigator.hardwareConcurrency);
    const [net] = (await client.networkDeviceStats({})).messages;
    assert.ok(net?.devices.some((device) => device.name === "lo"));
    assert.equal(net?.total?.rxBytes !== undefined, true);
    assert.equal((await client.diskStats({})).messages.length, 1);
    const [stat] = (await client.systemStat({})).messages;
    assert.ok(Math.abs(Number(stat?.bootTime) * 1000 + uptimeMs() - Date.now()) < 3_000);
  },
);

function uptimeMs(): number {
  return Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1000;
}

Deno.test(
  "machineService() lists this very process with its parent, threads and memory",
  linux,
  async () => {
    await using node = await world();
    const [{ processes = [] } = {}] = (await node.client.processes({})).messages;
    const own = processes.find((process) => process.pid === Deno.pid);
    assert.equal(own?.ppid, Deno.ppid);
    assert.equal(own?.executable, await Deno.readLink("/proc/self/exe"));
    assert.match(own?.args ?? "", /test/);
    assert.ok(own!.threads > 1 && own!.residentMemory > 10_000_000n && own!.cpuTime > 0);
    assert.deepEqual(
      processes.map((p) => p.pid),
      processes.map((p) => p.pid).toSorted((a, b) => a - b),
    );
  },
);

Deno.test("machineService() lists mounts, also one that cannot be measured", linux, async () => {
  await using node = await world();
  const [{ stats = [] } = {}] = (await node.client.mounts({})).messages;
  const at = (path: string) => stats.findLast((mount) => mount.mountedOn === path);
  assert.deepEqual([at("/")?.size, at("/")?.available], [1_000n, 400n]);
  assert.equal(at("/proc")?.size, 0n);
});

Deno.test(
  "machineService() lists services and restarts only the one that allows it",
  linux,
  async () => {
    await using node = await world();
    const { client } = node;
    const [{ services = [] } = {}] = (await client.serviceList({})).messages;
    assert.deepEqual(services.map((s) => [s.id, s.state]), [["machined", "Running"], [
      "timed",
      "Running",
    ]]);
    assert.equal(services[0]?.health?.unknown, true);
    const [first] = services[1]?.events?.events ?? [];
    assert.deepEqual([first?.state, first?.msg], [
      "Waiting",
      'Waiting for service "machined" to be "up"',
    ]);
    assert.ok(Math.abs(Number(first?.ts?.seconds) * 1000 - Date.now()) < 10_000);
    const [restarted] = (await client.serviceRestart({ id: "timed" })).messages;
    assert.equal(restarted?.resp, 'Service "timed" restarted');
    await fails(
      client.serviceRestart({ id: "machined" }),
      Code.FailedPrecondition,
      /^service "machined" doesn't support restart operation via API$/,
    );
    await fails(
      client.serviceStop({ id: "timed" }),
      Code.FailedPrecondition,
      /^service "timed" doesn't support stop operation via API$/,
    );
    await fails(client.serviceStart({ id: "x" }), Code.NotFound, /^service "x" is not defined$/);
  },
);

Deno.test(
  "machineService() hands reboot and shutdown on and answers before they happen",
  linux,
  async () => {
    await using node = await world();
    assert.equal((await node.client.reboot({})).messages.length, 1);
    assert.equal((await node.client.shutdown({})).messages.length, 1);
    assert.deepEqual(node.requests, ["reboot by API", "shutdown by API"]);
  },
);

Deno.test("machineService() answers these methods, and no other", () => {
  const handlers = machineService({
    ...PARTS,
    logs: new LogStore(),
    events: new EventRing(),
    services: new ServiceManager(),
    power: { request: () => {} },
  });
  assert.deepEqual(Object.keys(handlers).toSorted(), ANSWERED);
});

Deno.test("machineService() answers Unimplemented for what no file answers", linux, async () => {
  await using node = await world();
  await fails(node.client.bootstrap({}), Code.Unimplemented, /Bootstrap/);
  await fails(node.client.etcdMemberList({}), Code.Unimplemented, /EtcdMemberList/);
});

for (const tailLines of [0, 1, 10]) {
  Deno.test(
    `machineService() gives ${tailLines} lines of a log when asked for so many`,
    linux,
    async () => {
      await using node = await world();
      for (let i = 0; i < 100; i++) node.logs.append("machined", `line ${i}`);
      const stream = node.client.logs({ namespace: "system", id: "machined", tailLines });
      const { text, errors } = await collect(stream);
      assert.deepEqual(errors, []);
      assert.equal(text.split("\n").length - 1, tailLines);
      if (tailLines) assert.ok(text.endsWith("line 99\n"));
    },
  );
}

Deno.test("machineService() follows a log: a new line arrives within 200 ms", linux, async () => {
  await using node = await world();
  node.logs.append("machined", "old");
  const gone = new AbortController();
  const stream = node.client.logs(
    { namespace: "system", id: "machined", tailLines: 1, follow: true },
    { signal: gone.signal },
  )[Symbol.asyncIterator]();
  const next = async () => new TextDecoder().decode((await stream.next()).value?.bytes);
  assert.equal(await next(), "old\n");
  const started = performance.now();
  node.logs.append("machined", "new");
  assert.equal(await next(), "new\n");
  assert.ok(performance.now() - started < 200);
  gone.abort();
  await assert.rejects(stream.next());
});

Deno.test(
  "machineService() tells of an unknown log or container in metadata, not by a failed stream",
  linux,
  async () => {
    await using node = await world();
    const logs = async (namespace: string, id: string) =>
      await collect(node.client.logs({ namespace, id, tailLines: -1 }));
    assert.deepEqual((await logs("system", "nosuch")).errors, ['log "nosuch" was not registered']);
    assert.deepEqual((await logs("k8s.io", "pod")).errors, ['container "pod" not found']);
    const silent = await logs("system", "timed");
    assert.deepEqual([silent.text, silent.errors], ["", []]);
    const other = await logs("k8s.io", "kubelet");
    assert.deepEqual(other.errors, ['log "kubelet" was not registered']);
  },
);

Deno.test(
  "machineService() streams events with their type URLs and refuses a malformed id",
  linux,
  async () => {
    await using node = await world();
    const id = node.events.publish(TaskEventSchema, { task: "mount" });
    node.events.publish(TaskEventSchema, { task: "format" });
    const gone = new AbortController();
    const stream = node.client.events({ tailId: id }, { signal: gone.signal })
      [Symbol.asyncIterator]();
    const { value } = await stream.next();
    assert.equal(value?.data?.typeUrl, "talos/runtime/machine.TaskEvent");
    assert.equal(fromBinary(TaskEventSchema, value!.data!.value).task, "format");
    gone.abort();
    await assert.rejects(stream.next());
    await fails(
      Array.fromAsync(node.client.events({ tailId: "x" })),
      Code.InvalidArgument,
      /"x" is no event id/,
    );
  },
);

/** Bytes that are still in use after all garbage was collected. */
function heldBytes(): number {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

Deno.test(
  "machineService() holds a watcher that does not read to a fixed amount of memory, and tells it",
  linux,
  async () => {
    await using node = await world();
    const gone = new AbortController();
    // A transport of its own: its flow-control window is not shared with other calls.
    const client = createClient(MachineService, unixTransport(node.socket));
    const log = client.logs(
      { namespace: "system", id: "machined", tailLines: 0, follow: true },
      { signal: gone.signal },
    )[Symbol.asyncIterator]();
    const first = log.next();
    const events = client.events({}, { signal: gone.signal })[Symbol.asyncIterator]();
    const firstEvent = events.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    node.logs.append("machined", "number 0 0");
    node.events.publish(TaskEventSchema, { task: "0" });
    assert.ok(!(await first).done && !(await firstEvent).done);
    const before = heldBytes();
    for (let i = 1; i <= 100_000; i++) {
      node.logs.append("machined", `number ${i} ${"x".repeat(200)}`);
      node.events.publish(TaskEventSchema, { task: `${i} ${"x".repeat(200)}` });
      if (i % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const grown = heldBytes() - before;
    assert.ok(grown < 10_000_000, `holds ${grown} bytes more after 44 MB of events and lines`);
    let text = "";
    while (!/number 100000 x/.test(text.slice(-400))) {
      text += new TextDecoder().decode((await log.next()).value?.bytes);
    }
    const numbers = text.split("\n").slice(0, -1);
    const notes = numbers.filter((line) => /bytes of log lost: the reader was too slow/.test(line));
    assert.ok(notes.length > 0, "the gap is told");
    let last = 0;
    let told = false;
    for (const line of numbers) {
      const number = Number(/^number (\d+) /.exec(line)?.[1] ?? NaN);
      if (Number.isNaN(number)) told = true;
      else {
        assert.ok(number === last + 1 || (told && number > last), `${number} after ${last}`);
        [last, told] = [number, false];
      }
    }
    await assert.rejects(async () => {
      while (!(await events.next()).done);
    }, (error) => {
      assert.equal((error as ConnectError).code, Code.DataLoss);
      assert.match((error as ConnectError).rawMessage, /published unread after event/);
      return true;
    });
    gone.abort();
  },
);

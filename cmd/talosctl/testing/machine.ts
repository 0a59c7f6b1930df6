import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { ServiceRouter } from "$lib/rpc/mod.ts";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { packTar } from "modern-tar";
import {
  MachineService,
  PhaseEvent_Action,
  PhaseEventSchema,
  SequenceEvent_Action,
  SequenceEventSchema,
  ServiceStateEvent_Action,
  ServiceStateEventSchema,
} from "$proto/machine/machine_pb.ts";
import { ClusterService } from "$proto/cluster/cluster_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { EventType, type ResourceSchema, ResourceService } from "$proto/resource/resource_pb.ts";
import { type TimeSchema, TimeService } from "$proto/time/time_pb.ts";
import { answers, bytes, chunks, payload } from "./answers.ts";
import { cluster, kubernetes } from "./kubernetes.ts";

const SECOND_MS = 1_000;

/** A moment that `list` shows with its year. */
const LONG_AGO = 1_136_214_245n;

/** Answers that never change, but for times, which are counted back from now. */
export const machine: Partial<ServiceImpl<typeof MachineService>> = {
  version: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      version: {
        tag: "v0.1.0",
        sha: "abc1234",
        built: "2026-01-02T03:04:05Z",
        goVersion: "deno2.9.6 (portable)",
        os: "linux",
        arch: "amd64",
      },
    }),
  }),
  memory: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      meminfo: {
        memtotal: 7938n * 1024n,
        memfree: 4071n * 1024n,
        cached: 2945n * 1024n,
        buffers: 49n * 1024n,
        shmem: 137n * 1024n,
        memavailable: 7042n * 1024n,
      },
    }),
  }),
  serviceList: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      services: [
        {
          id: "apid",
          state: "Running",
          health: { healthy: true },
          events: {
            events: [
              { msg: "Starting service", state: "Preparing", ts: ago(90 * SECOND_MS) },
              { msg: "Health check successful", state: "Running", ts: ago(61 * SECOND_MS) },
            ],
          },
        },
        { id: "timed", state: "Waiting", health: { unknown: true }, events: { events: [] } },
        {
          id: "udevd",
          state: "Running",
          health: { lastMessage: "settle timed out" },
          events: { events: [{ msg: "Unhealthy", state: "Running", ts: ago(2 * SECOND_MS) }] },
        },
      ],
    }),
  }),
  serviceRestart: ({ id }, { requestHeader }) => ({
    messages: answers(requestHeader, { resp: `Service "${id}" restarted` }),
  }),
  async *dmesg(_request, { requestHeader }) {
    yield* chunks(requestHeader, [
      { bytes: bytes("kern: info: [2026-01-02T03:04:05Z]: Linux version 6.1\n") },
      { bytes: bytes("user: warning: [2026-01-02T03:04:06Z]: [talos] booting") },
    ]);
  },
  async *logs({ id, tailLines }, { requestHeader }) {
    if (id !== "machined") return;
    const lines = ["one\n", "tw", "o\nthree\n"];
    yield* chunks(
      requestHeader,
      (tailLines === 1 ? ["three\n"] : lines).map((l) => ({ bytes: bytes(l) })),
    );
  },
  async *list({ root }, { requestHeader }) {
    yield* chunks(requestHeader, [
      {
        relativeName: ".",
        name: root,
        isDir: true,
        mode: 2 ** 31 + 0o755,
        size: 4096n,
        modified: LONG_AGO,
      },
      { relativeName: "etc", isDir: true, mode: 2 ** 31 + 0o755, size: 4096n, modified: LONG_AGO },
      { relativeName: "lib", link: "usr/lib", mode: 2 ** 27 + 0o777, size: 7n, modified: LONG_AGO },
      { relativeName: "gone", name: "/gone", error: "no such file or directory" },
    ]);
  },
  async *diskUsage(_request, { requestHeader }) {
    yield* chunks(requestHeader, [
      { relativeName: "etc", size: 1_500_000n },
      { relativeName: ".", size: 2_500_000n },
    ]);
  },
  async *read({ path }, { requestHeader }) {
    if (path !== "/etc/os-release") {
      throw new ConnectError(`stat ${path}: no such file or directory`, Code.NotFound);
    }
    yield* chunks(requestHeader, [{ bytes: bytes('NAME="Talos"\n') }, {
      bytes: bytes("ID=talos\n"),
    }]);
  },
  async *copy(_request, { requestHeader }) {
    const tar = await packTar([{ header: { name: "os-release", size: 9 }, body: "ID=talos\n" }]);
    const zipped = new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
    for await (const part of zipped) yield* chunks(requestHeader, [{ bytes: part }]);
  },
  mounts: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      stats: [
        { filesystem: "/dev/dm-0", size: 52_000_000n, available: 0n, mountedOn: "/" },
        { filesystem: "proc", size: 0n, available: 0n, mountedOn: "/proc" },
        { filesystem: "tmpfs", size: 1_000_000_000n, available: 750_000_000n, mountedOn: "/run" },
      ],
    }),
  }),
  processes: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      processes: [
        { pid: 2, state: "S", threads: 1, command: "kthreadd", cpuTime: 0.5 },
        {
          ...{ pid: 1, state: "S", threads: 12, cpuTime: 0.25, command: "deno" },
          ...{ virtualMemory: 1_500_000_000n, residentMemory: 83_000_000n },
          ...{ executable: "/usr/bin/deno", args: "deno run machined" },
        },
      ],
    }),
  }),
  async *events({ tailEvents }, { requestHeader }) {
    const events = [
      payload(SequenceEventSchema, { sequence: "boot", action: SequenceEvent_Action.START }),
      payload(PhaseEventSchema, { phase: "network", action: PhaseEvent_Action.STOP }),
      payload(ServiceStateEventSchema, {
        ...{ service: "apid", action: ServiceStateEvent_Action.RUNNING, message: "Started" },
      }),
    ].map((data, index) => ({ id: `c0${index}`, data }));
    yield* chunks(
      requestHeader,
      tailEvents < 0 ? events : events.slice(events.length - tailEvents),
    );
  },
  containers: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      containers: [
        {
          namespace: "system",
          id: "pod/x",
          podId: "pod",
          image: "img:x",
          pid: 12,
          status: "RUNNING",
        },
        {
          namespace: "system",
          id: "apid",
          podId: "apid",
          image: "img",
          pid: 10,
          status: "RUNNING",
        },
      ],
    }),
  }),
  stats: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      stats: [
        { namespace: "system", id: "apid", podId: "apid", memoryUsage: 12_345_678n, cpuUsage: 99n },
      ],
    }),
  }),
  reboot: (_request, { requestHeader }) => ({ messages: answers(requestHeader, {}) }),
};

function ago(ms: number): ReturnType<typeof timestampFromMs> {
  return timestampFromMs(Date.now() - ms);
}

/** Two interfaces, one without an address, and two routes. */
export const network: Partial<ServiceImpl<typeof NetworkService>> = {
  interfaces: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      interfaces: [
        { index: 1, name: "lo", mtu: 65536, ipaddress: ["127.0.0.1/8", "::1/128"] },
        { index: 2, name: "eth0", mtu: 1500, hardwareaddr: "52:54:00:12:34:56" },
      ],
    }),
  }),
  routes: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      routes: [
        { interface: "eth0", destination: "", gateway: "10.0.2.2", metric: 1024 },
        { interface: "eth0", destination: "10.0.2.0/24" },
      ],
    }),
  }),
};

/** A disk that says what it is, and one that does not. */
const storage: Partial<ServiceImpl<typeof StorageService>> = {
  disks: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, {
      disks: [
        { deviceName: "/dev/sda", size: 8_000_000_000n, model: "QEMU HARDDISK", serial: "QM00001" },
        { deviceName: "/dev/vda", size: 6_442_450_944n },
      ],
    }),
  }),
};

/** A clock that stands still. */
export const time: Partial<ServiceImpl<typeof TimeService>> = {
  time: (_request, { requestHeader }) => ({
    messages: answers(requestHeader, moment("pool.ntp.org")),
  }),
  timeCheck: ({ server }, { requestHeader }) => ({
    messages: answers(requestHeader, moment(server)),
  }),
};

function moment(server: string): MessageInitShape<typeof TimeSchema> {
  return {
    server,
    localtime: { seconds: 1_767_323_045n, nanos: 120_000_000 },
    remotetime: { seconds: 1_767_323_046n, nanos: 0 },
  };
}

const SERVICES_DEFINITION = definition(
  "services.v1alpha1.talos.dev",
  `type: Services.v1alpha1.talos.dev
displayType: Service
aliases: [services, service, svc]
printColumns:
  - { name: Running, jsonPath: "{.running}" }
  - { name: Healthy, jsonPath: "{.healthy}" }
defaultNamespace: runtime
`,
);

/** One resource type, services, with one resource; the type itself is there to be listed. */
export const resources: Partial<ServiceImpl<typeof ResourceService>> = {
  get: ({ id }, { requestHeader }) => ({
    messages: answers(requestHeader, {
      definition: SERVICES_DEFINITION,
      resource: service(id, "3"),
    }),
  }),
  async *list({ type }, { requestHeader }) {
    if (type === "resourcedefinitions") {
      yield* chunks(requestHeader, [{ resource: SERVICES_DEFINITION }]);
      return;
    }
    if (!["services", "service", "svc"].includes(type)) {
      throw new ConnectError(`resource "${type}" is not registered`, Code.NotFound);
    }
    yield* chunks(requestHeader, [
      { definition: SERVICES_DEFINITION },
      { resource: service("apid", "2") },
      { resource: service("machined", "3") },
    ]);
  },
  async *watch(_request, { requestHeader }) {
    yield* chunks(requestHeader, [
      { definition: SERVICES_DEFINITION },
      { eventType: EventType.CREATED, resource: service("apid", "1") },
      { eventType: EventType.UPDATED, resource: service("apid", "2") },
      { eventType: EventType.DESTROYED, resource: service("apid", "2") },
    ]);
  },
};

function service(id: string, version: string): MessageInitShape<typeof ResourceSchema> {
  return {
    metadata: {
      namespace: "runtime",
      type: "Services.v1alpha1.talos.dev",
      id,
      version,
      phase: "running",
    },
    spec: { yaml: bytes("# as machined sees it\nrunning: true\nhealthy: false\n") },
  };
}

function definition(id: string, yaml: string): MessageInitShape<typeof ResourceSchema> {
  return {
    metadata: {
      namespace: "meta",
      type: "ResourceDefinitions.meta.cosi.dev",
      id,
      version: "1",
      phase: "running",
    },
    spec: { yaml: bytes(yaml) },
  };
}

/** All of the services above; `overrides` replaces methods of the machine service. */
export function testRoutes(
  router: ServiceRouter,
  overrides: Partial<ServiceImpl<typeof MachineService>> = {},
): void {
  router.service(MachineService, { ...machine, ...kubernetes, ...overrides });
  router.service(ClusterService, cluster);
  router.service(NetworkService, network);
  router.service(StorageService, storage);
  router.service(TimeService, time);
  router.service(ResourceService, resources);
}

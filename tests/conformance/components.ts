import { Code, ConnectError } from "@connectrpc/connect";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import type { ServiceRouter } from "$lib/rpc/mod.ts";

const chunk = (text: string): { bytes: Uint8Array<ArrayBuffer> } => ({
  bytes: new TextEncoder().encode(text),
});

async function gzipTar(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const content = new TextEncoder().encode(text);
  const header = new Uint8Array(512);
  const put = (at: number, field: string): void => header.set(new TextEncoder().encode(field), at);
  put(0, name);
  put(100, "0000644\0");
  put(124, `${content.length.toString(8).padStart(11, "0")}\0`);
  put(148, "        ");
  put(156, "0");
  put(257, "ustar\x0000");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  const tar = new Uint8Array(512 * 4);
  tar.set(header);
  tar.set(content, 512);
  const zipped = new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(zipped).arrayBuffer());
}

function noService(id: string): never {
  throw new ConnectError(`service "${id}" is not registered`, Code.NotFound);
}

/** A stand-in for machined: every kind of call and of refusal, with little behind it. */
export function machinedRoutes({ service }: ServiceRouter): void {
  service(MachineService, {
    version: () => ({ messages: [{ version: { tag: "v0.1.0" } }] }),
    hostname: () => ({ messages: [{ hostname: "node-a" }] }),
    memory: () => ({ messages: [{ meminfo: { memtotal: 2n, memfree: 1n } }] }),
    loadAvg: () => ({ messages: [{ load1: 0.5 }] }),
    cPUInfo: () => ({ messages: [{ cpuInfo: [{ processor: 0 }] }] }),
    systemStat: () => ({ messages: [{ bootTime: 1n }] }),
    diskStats: () => ({ messages: [{}] }),
    networkDeviceStats: () => ({ messages: [{ devices: [{ name: "lo" }] }] }),
    mounts: () => ({ messages: [{ stats: [{ mountedOn: "/" }] }] }),
    processes: () => ({ messages: [{ processes: [{ pid: 1 }] }] }),
    serviceList: () => ({ messages: [{ services: [{ id: "apid" }, { id: "machined" }] }] }),
    serviceStart: ({ id }) => noService(id),
    serviceStop: ({ id }) => noService(id),
    serviceRestart: ({ id }) => noService(id),
    async etcdRecover(requests) {
      let size = 0;
      for await (const { bytes } of requests) size += bytes.length;
      if (size === 0) throw new ConnectError("the snapshot is empty", Code.InvalidArgument);
      return { messages: [{}] };
    },
    bootstrap: ({ recoverEtcd }) => {
      if (recoverEtcd) return { messages: [{}] };
      throw new ConnectError("nothing is to be bootstrapped", Code.FailedPrecondition);
    },
    async *dmesg() {
      for (let i = 0; i < 100; i++) yield chunk(`kern: info: [${i}]: line\n`);
    },
    async *logs() {
      yield chunk("a line\n");
    },
    async *list({ root }) {
      yield { name: root, relativeName: "." };
      yield { name: `${root}/os-release`, relativeName: "os-release" };
    },
    async *diskUsage({ paths }) {
      yield { name: paths[0] ?? "", size: 4096n };
    },
    async *read({ path }) {
      if (!path.startsWith("/") || path.startsWith("/proc/")) {
        throw new ConnectError(`Cannot read "${path}": not a regular file`, Code.InvalidArgument);
      }
      yield chunk("ID=");
      yield chunk("talos\n");
    },
    async *copy() {
      yield { bytes: await gzipTar("os-release", "ID=talos\n") };
    },
    async *events(_request, { signal }) {
      yield { id: "1", data: { typeUrl: "talos/runtime/machine.SequenceEvent" } };
      // As the real one: it stays open until the client leaves.
      await new Promise((done) => signal.addEventListener("abort", done));
    },
  });
}

/** A stand-in for networkd. */
export function networkdRoutes({ service }: ServiceRouter): void {
  service(NetworkService, {
    interfaces: () => ({ messages: [{ interfaces: [{ name: "lo" }] }] }),
    routes: () => ({ messages: [{ routes: [] }] }),
  });
}

/** A stand-in for timed, far from any server. */
export function timedRoutes({ service }: ServiceRouter): void {
  service(TimeService, {
    time: () => ({ messages: [{ server: "pool.ntp.org" }] }),
    timeCheck: ({ server }) => {
      throw new ConnectError(`Cannot ask "${server}": no answer`, Code.Unavailable);
    },
  });
}

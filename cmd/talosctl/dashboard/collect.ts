import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
} from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Client, ElementOf } from "../client/client.ts";
import { reasonOf } from "../client/rpc_error.ts";
import { type NodeFailure, NodesError } from "../errors.ts";
import type { Sample } from "./sample.ts";

/** Bytes in a sector as the kernel counts them, whatever the disk's own are. */
const SECTOR_BYTES = 512;

/** A sample of each node that answers, and the reason of each that does not, by node. */
export async function collect(
  client: Client,
  timeoutMs: number,
): Promise<Map<string, Sample | string>> {
  const { method } = MachineService;
  const { nodes } = client.nodes.length > 0 ? client : { nodes: [client.balancer.first] };
  const samples = new Map<string, Sample>();
  const faults = new Map<string, string>();
  // Every node answers Version: why it did not is why the node is silent. Other parts may be absent.
  const note = (rpc: DescMethod, failures: readonly NodeFailure[]): void => {
    if (rpc !== method.version) return;
    for (const { node, reason } of failures) faults.set(node, reason);
  };
  const ask = async <O extends DescMessage>(
    rpc: DescMethodUnary<typeof EmptySchema, O>,
    part: (message: ElementOf<O>) => Partial<Sample>,
  ): Promise<void> => {
    // A call of its own: what fails in one round is no failure of the command.
    const asked = client.endedBy(client.signal);
    try {
      for (const { node, message } of await asked.unary(rpc, create(EmptySchema), { timeoutMs })) {
        const sample = samples.get(node) ?? { atMs: performance.now() };
        samples.set(node, { ...sample, ...part(message) });
      }
      note(rpc, asked.failures);
    } catch (error) {
      const reason = reasonOf(error);
      const all = nodes.map((node) => ({ node, reason }));
      note(rpc, error instanceof NodesError ? error.failures : all);
    }
  };
  await Promise.all([
    ask(method.systemStat, (system) => ({ atMs: performance.now(), system })),
    ask(method.hostname, ({ hostname }) => ({ hostname })),
    ask(method.version, ({ version }) => ({ tag: version?.tag ?? "" })),
    ask(method.cPUInfo, ({ cpuInfo }) => ({ cpus: cpuInfo })),
    ask(method.loadAvg, (load) => ({ load })),
    ask(method.memory, ({ meminfo }) => meminfo ? { memory: meminfo } : {}),
    ask(method.processes, ({ processes }) => ({ processes })),
    ask(method.networkDeviceStats, ({ total }) => ({
      network: { inBytes: Number(total?.rxBytes ?? 0n), outBytes: Number(total?.txBytes ?? 0n) },
    })),
    ask(method.diskStats, ({ total }) => ({
      disk: {
        inBytes: Number(total?.readSectors ?? 0n) * SECTOR_BYTES,
        outBytes: Number(total?.writeSectors ?? 0n) * SECTOR_BYTES,
      },
    })),
  ]);
  return new Map<string, Sample | string>([...faults, ...samples]);
}

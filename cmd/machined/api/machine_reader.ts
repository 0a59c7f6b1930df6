import { type CallOptions, type Client, createClient, type Transport } from "@connectrpc/connect";
import {
  bootFinished,
  type MachineReader,
  type SequenceMark,
  sequenceMarks,
  serviceState,
  untilSilent,
} from "$lib/health/mod.ts";
import { type Event, MachineService } from "$proto/machine/machine_pb.ts";

/** The ways to this node and to the others. */
export interface MachinePaths {
  readonly local: Transport;
  /** This node's apid, which passes calls on to the node that they name. */
  readonly apid: Transport;
  readonly isLocal: (node: string) => boolean;
}

/** How long a node may take to answer one question, milliseconds. */
const ANSWER_MS = 10_000;

/** Asks the machine API of each node for what checks read. */
export function machineReader(paths: MachinePaths, signal: AbortSignal): MachineReader {
  const local = createClient(MachineService, paths.local);
  const apid = createClient(MachineService, paths.apid);
  const callOf = (node: string): [Client<typeof MachineService>, CallOptions] =>
    paths.isLocal(node)
      ? [local, { signal, timeoutMs: ANSWER_MS }]
      : [apid, { signal, timeoutMs: ANSWER_MS, headers: { nodes: node } }];
  return {
    async ready(node) {
      const [client, call] = callOf(node);
      checked((await client.version({}, call)).messages);
    },
    async services(node) {
      const [client, call] = callOf(node);
      const { messages } = await client.serviceList({}, call);
      return checked(messages).flatMap(({ services }) => services.map(serviceState));
    },
    async booted(node) {
      const [client, call] = callOf(node);
      const marks: SequenceMark[] = [];
      for await (const event of pastEvents(client, call)) marks.push(...sequenceMarks(event));
      return bootFinished(marks);
    },
  };
}

/** apid tells that a node failed in what stands for its answer. */
function checked<T extends { metadata?: { error: string } | undefined }>(messages: T[]): T[] {
  for (const { metadata } of messages) if (metadata?.error) throw new Error(metadata.error);
  return messages;
}

/** The events that a node remembers. */
async function* pastEvents(
  client: Client<typeof MachineService>,
  call: CallOptions,
): AsyncGenerator<Event> {
  const open = (silence: AbortSignal) => {
    const signal = call.signal ? AbortSignal.any([call.signal, silence]) : silence;
    return client.events({ tailEvents: -1 }, { ...call, timeoutMs: 0, signal });
  };
  for await (const event of untilSilent(open)) {
    checked([event]);
    yield event;
  }
}

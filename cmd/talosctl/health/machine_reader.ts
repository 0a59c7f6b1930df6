import {
  bootFinished,
  type MachineReader,
  type SequenceMark,
  sequenceMarks,
  serviceState,
  untilSilent,
} from "$lib/health/mod.ts";
import { type Event, MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "../client/client.ts";
import { NodesError } from "../errors.ts";

/** How long a node may take to answer one question of a check. */
const ANSWER_MS = 10_000;

/** Asks the machine API for what checks read; `of` gives the calls to one node. */
export function machineReader(of: (node: string) => Client): MachineReader {
  const { version, serviceList } = MachineService.method;
  return {
    async ready(node) {
      await of(node).unary(version, {}, { timeoutMs: ANSWER_MS });
    },
    async services(node) {
      const answers = await of(node).unary(serviceList, {}, { timeoutMs: ANSWER_MS });
      return answers.flatMap(({ message }) => message.services.map(serviceState));
    },
    async booted(node) {
      const marks: SequenceMark[] = [];
      let count = 0;
      for await (const event of pastEvents(of(node))) {
        marks.push(...sequenceMarks(event));
        count++;
      }
      if (count === 0) throw new Error(`Cannot read the events of ${node}: none came`);
      return bootFinished(marks);
    },
  };
}

/** The events that a node remembers. */
async function* pastEvents(client: Client): AsyncGenerator<Event> {
  let asked = client;
  const { events } = MachineService.method;
  const open = (signal: AbortSignal) => {
    asked = client.endedBy(signal);
    return asked.stream(events, { tailEvents: -1 }, { follow: true });
  };
  for await (const { message } of untilSilent(open)) yield message;
  if (asked.failures.length > 0) throw new NodesError(asked.failures);
}

import {
  bootFinished,
  type MachineReader,
  type SequenceMark,
  sequenceMarks,
  serviceState,
} from "$lib/health/mod.ts";
import { type Event, MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "../client/client.ts";
import { NodesError } from "../errors.ts";

/** How long a node may take to answer one question of a check. */
const ANSWER_MS = 10_000;
/** Past events come at once: after a pause this long there are no more. */
const SILENCE_MS = 1_000;

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

/** The events that a node remembers. The stream of events has no end: silence is taken for it. */
async function* pastEvents(client: Client): AsyncGenerator<Event> {
  const silence = new AbortController();
  const wait = (ms: number) => setTimeout(() => silence.abort(), ms);
  let timer = wait(ANSWER_MS);
  const asked = client.endedBy(silence.signal);
  try {
    const stream = asked.stream(MachineService.method.events, { tailEvents: -1 }, { follow: true });
    for await (const { message } of stream) {
      clearTimeout(timer);
      timer = wait(SILENCE_MS);
      yield message;
    }
  } catch (error) {
    if (!silence.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  if (asked.failures.length > 0) throw new NodesError(asked.failures);
}

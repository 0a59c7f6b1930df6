import { flag } from "$lib/cli/mod.ts";
import { fromBinary } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import {
  MachineService,
  PhaseEvent_Action,
  PhaseEventSchema,
  RestartEventSchema,
  SequenceEvent_Action,
  SequenceEventSchema,
  ServiceStateEvent_Action,
  ServiceStateEventSchema,
  TaskEvent_Action,
  TaskEventSchema,
} from "$proto/machine/machine_pb.ts";
import { type Session, tableCommand } from "../session.ts";

/** Letters of an event's id, of the longest type URL and of most sources. */
const COLUMN_LETTERS = [20, 39, 16];

/** `talosctl events` */
export const eventsCommand = tableCommand({
  summary: "Stream runtime events",
  flags: {
    tail: flag.int(
      "show specified number of past events (use -1 to show full history, default is to show no history)",
    ),
    duration: flag.duration(
      "show events for the past duration interval (one second resolution, default is to show no history)",
    ),
    since: flag.string("show events after the specified event ID (default is to show no history)"),
  },
  async run({ tail, duration, since }, session: Session) {
    const client = await session.client();
    const widestNode = Math.max(15, ...client.nodes.map((node) => node.length));
    const row = session.out.liveTable(
      ["NODE", "ID", "EVENT", "SOURCE", "MESSAGE"],
      [widestNode, ...COLUMN_LETTERS],
    );
    const request = { tailEvents: tail, tailId: since, tailSeconds: Math.trunc(duration / 1_000) };
    const stream = client.stream(MachineService.method.events, request, { follow: true });
    for await (const { node, message } of stream) {
      if (!message.data) continue;
      const [source, text] = describe(message.data);
      row(node, message.id, message.data.typeUrl, source, text);
    }
  },
});

/** Source and message of an event's payload; events of a kind we do not know have neither. */
export function describe({ typeUrl, value }: Any): readonly [source: string, message: string] {
  switch (typeUrl.slice(typeUrl.lastIndexOf("/") + 1)) {
    case "machine.SequenceEvent": {
      const { sequence, action, error } = fromBinary(SequenceEventSchema, value);
      return [sequence, error ? `error: ${error.message}` : SequenceEvent_Action[action] ?? ""];
    }
    case "machine.PhaseEvent": {
      const { phase, action } = fromBinary(PhaseEventSchema, value);
      return [phase, PhaseEvent_Action[action] ?? ""];
    }
    case "machine.TaskEvent": {
      const { task, action } = fromBinary(TaskEventSchema, value);
      return [task, TaskEvent_Action[action] ?? ""];
    }
    case "machine.ServiceStateEvent": {
      const { service, action, message } = fromBinary(ServiceStateEventSchema, value);
      return [service, `${ServiceStateEvent_Action[action]}: ${message}`];
    }
    case "machine.RestartEvent":
      return ["", `restart ${fromBinary(RestartEventSchema, value).cmd}`];
    default:
      return ["", ""];
  }
}

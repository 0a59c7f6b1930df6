/** What the machine API's messages say to the checks. */
import { fromBinary } from "@bufbuild/protobuf";
import {
  type Event,
  SequenceEvent_Action,
  SequenceEventSchema,
  type ServiceInfo,
} from "$proto/machine/machine_pb.ts";
import type { SequenceMark } from "./boot.ts";
import type { ServiceState } from "./cluster.ts";

/** A service as the machine API lists it. */
export function serviceState({ id, state, health, events }: ServiceInfo): ServiceState {
  return {
    id,
    state,
    healthy: !health || health.unknown ? undefined : health.healthy,
    message: health?.lastMessage ?? "",
    event: events?.events.at(-1)?.msg ?? "",
  };
}

/** The mark of a sequence that an event is; none for other events. */
export function sequenceMarks({ data }: Pick<Event, "data">): SequenceMark[] {
  if (!data?.typeUrl.endsWith("/machine.SequenceEvent")) return [];
  const { sequence, action } = fromBinary(SequenceEventSchema, data.value);
  if (action === SequenceEvent_Action.NOOP) return [];
  return [{ sequence, action: action === SequenceEvent_Action.START ? "start" : "stop" }];
}

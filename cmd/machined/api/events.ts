import { Code, ConnectError } from "@connectrpc/connect";
import { type EventRing, OverrunError } from "$lib/service/mod.ts";
import type { MachineApi } from "./_impl.ts";

/** Where events come from. */
export interface EventsDeps {
  readonly events: EventRing;
}

/** Streams events from the asked position on, until the caller goes; one that is too slow is told so. */
export function eventsApi({ events }: EventsDeps): MachineApi<"events"> {
  return {
    async *events(position, { signal }) {
      try {
        for await (const { id, typeUrl, value } of events.watch(position, signal)) {
          yield { id, data: { typeUrl, value } };
        }
      } catch (error) {
        if (error instanceof OverrunError) throw new ConnectError(error.message, Code.DataLoss);
        if (error instanceof RangeError) {
          throw new ConnectError(error.message, Code.InvalidArgument);
        }
        throw error;
      }
    },
  };
}

/** What the sequencer does, as events of the API. */
import type { EventRing } from "$lib/service/mod.ts";
import { Code } from "$proto/common/common_pb.ts";
import {
  PhaseEvent_Action,
  PhaseEventSchema,
  SequenceEvent_Action,
  SequenceEventSchema,
  TaskEvent_Action,
  TaskEventSchema,
} from "$proto/machine/machine_pb.ts";
import { LockedError, type SequenceReport } from "./engine.ts";

/** Publishes one report. A phase's end is told as such; 0.9 told a second start. */
export function publishReport(events: EventRing, report: SequenceReport): void {
  const { name } = report;
  switch (report.kind) {
    case "sequence": {
      const { error } = report;
      const code = error instanceof LockedError ? Code.LOCKED : Code.FATAL;
      events.publish(SequenceEventSchema, {
        sequence: name,
        action: SequenceEvent_Action[report.action],
        ...(error ? { error: { code, message: error.message } } : {}),
      });
      return;
    }
    case "phase":
      events.publish(PhaseEventSchema, {
        phase: name,
        action: report.action === "STOP" ? PhaseEvent_Action.STOP : PhaseEvent_Action.START,
      });
      return;
    case "task":
      events.publish(TaskEventSchema, {
        task: name,
        action: report.action === "STOP" ? TaskEvent_Action.STOP : TaskEvent_Action.START,
      });
  }
}

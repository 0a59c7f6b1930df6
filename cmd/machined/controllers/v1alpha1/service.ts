import { fromBinary } from "@bufbuild/protobuf";
import { type Controller, type ControllerRuntime, exclusive } from "$lib/cosi/mod.ts";
import { Service, type ServiceSpec } from "$lib/resources/mod.ts";
import {
  EVENT_TYPE_PREFIX,
  type EventRing,
  OverrunError,
  type RingEvent,
  type ServiceManager,
  type ServiceStatus,
} from "$lib/service/mod.ts";
import {
  ServiceStateEvent_Action as Action,
  ServiceStateEventSchema,
} from "$proto/machine/machine_pb.ts";

const SERVICE_EVENT = EVENT_TYPE_PREFIX + ServiceStateEventSchema.typeName;

/** Keeps a Service for each service that runs. */
export class ServiceController implements Controller {
  readonly name = "v1alpha1.ServiceController";
  readonly inputs = [];
  readonly outputs = [exclusive(Service)];

  constructor(
    readonly deps: { events: EventRing; services: Pick<ServiceManager, "list"> },
  ) {}

  async run(rt: ControllerRuntime): Promise<void> {
    const stopped = new Set<string>();
    this.#follow(rt, stopped);
    for await (const pass of rt.passes()) {
      // A service that was restarted since the last pass is a new resource.
      for (const id of stopped) {
        await pass.drop(Service, id);
        stopped.delete(id);
      }
      for (const status of this.deps.services.list()) {
        const spec = serviceSpec(status);
        if (spec) await pass.put(Service, status.id, spec);
      }
    }
  }

  /** Events say when to look and who stopped; how services are is asked of the services. */
  async #follow(rt: ControllerRuntime, stopped: Set<string>): Promise<void> {
    while (!rt.signal.aborted) {
      try {
        for await (const event of this.deps.events.watch({}, rt.signal)) {
          const id = stoppedService(event);
          if (id !== undefined) stopped.add(id);
          rt.wake();
        }
      } catch (error) {
        if (!(error instanceof OverrunError)) rt.log(`cannot follow events: ${error}`);
        rt.wake();
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
  }
}

/** What is shown of a service; nothing unless it runs. */
export function serviceSpec({ state, health }: ServiceStatus): ServiceSpec | undefined {
  if (state !== "Running") return undefined;
  return { running: true, healthy: health.healthy && !health.unknown };
}

/** The service that does not run any more, by this event. */
function stoppedService({ typeUrl, value }: RingEvent): string | undefined {
  if (typeUrl !== SERVICE_EVENT) return undefined;
  const { service, action } = fromBinary(ServiceStateEventSchema, value);
  return action === Action.RUNNING ? undefined : service;
}

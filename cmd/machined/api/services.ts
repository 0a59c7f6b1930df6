import { Code, ConnectError } from "@connectrpc/connect";
import {
  messageOf,
  type Service,
  type ServiceManager,
  type ServiceStatus,
} from "$lib/service/mod.ts";
import type { MachineApi } from "./_impl.ts";
import { timestamp } from "./_timestamp.ts";

/** Where services are kept. */
export interface ServicesDeps {
  readonly services: ServiceManager;
}

/** Lists the node's services; starts, stops and restarts those whose definition allows it. */
export function servicesApi({ services }: ServicesDeps): MachineApi<
  "serviceList" | "serviceStart" | "serviceStop" | "serviceRestart"
> {
  return {
    serviceList() {
      return { messages: [{ services: services.list().map(serviceInfo) }] };
    },
    serviceStart({ id }) {
      allow(services, id, "start", (service) => service.apiStart);
      services.start(id);
      return { messages: [{ resp: `Service "${id}" started` }] };
    },
    async serviceStop({ id }) {
      allow(services, id, "stop", (service) => service.apiStop);
      await orLate(services.stop(id));
      return { messages: [{ resp: `Service "${id}" stopped` }] };
    },
    async serviceRestart({ id }) {
      allow(services, id, "restart", (service) => service.apiRestart);
      await orLate(services.restart(id));
      return { messages: [{ resp: `Service "${id}" restarted` }] };
    },
  };
}

function allow(
  services: ServiceManager,
  id: string,
  operation: string,
  permission: (service: Service) => boolean | undefined,
): void {
  const service = services.find(id);
  if (!service) throw new ConnectError(`service "${id}" is not defined`, Code.NotFound);
  if (permission(service)) return;
  throw new ConnectError(
    `service "${id}" doesn't support ${operation} operation via API`,
    Code.FailedPrecondition,
  );
}

/** A service that does not stop in time is a state the caller should read, not an internal error. */
async function orLate(stopped: Promise<void>): Promise<void> {
  try {
    await stopped;
  } catch (error) {
    throw new ConnectError(messageOf(error), Code.DeadlineExceeded);
  }
}

function serviceInfo({ id, state, health, events }: ServiceStatus) {
  return {
    id,
    state,
    events: {
      events: events.map((event) => ({
        msg: event.message,
        state: event.state,
        ts: timestamp(event.atMs),
      })),
    },
    health: {
      unknown: health.unknown,
      healthy: health.healthy,
      lastMessage: health.lastMessage,
      lastChange: timestamp(health.lastChangeMs),
    },
  };
}

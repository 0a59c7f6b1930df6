import type { ServiceState } from "./cluster.ts";

/** What is wrong with a service, to follow its name; undefined when it runs and is healthy. */
export function serviceTrouble(service: ServiceState | undefined): string | undefined {
  if (!service) return "is not registered";
  const { state, healthy, message, event = "" } = service;
  if (state !== "Running") return `is ${state}, not Running${event === "" ? "" : `: ${event}`}`;
  if (healthy === false) return `is not healthy: ${message}`;
  return healthy === undefined ? "has not been checked yet" : undefined;
}

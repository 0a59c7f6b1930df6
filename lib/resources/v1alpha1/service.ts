import { define } from "../definition.ts";

/** A service that runs. */
export interface ServiceSpec {
  readonly running: boolean;
  /** Known to be healthy; false while nothing is known. */
  readonly healthy: boolean;
}

/** The services that run, by id; one that stops is gone. */
export const Service = define<ServiceSpec>({
  type: "Services.v1alpha1.talos.dev",
  namespace: "runtime",
  aliases: ["svc"],
  printColumns: [
    { name: "Running", jsonPath: "{.running}" },
    { name: "Healthy", jsonPath: "{.healthy}" },
  ],
});

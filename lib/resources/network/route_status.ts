import { define } from "../definition.ts";

/** A route of the main table. */
export interface RouteStatusSpec {
  /** With prefix length. */
  readonly destination: string;
  /** Empty for a route straight onto the link. */
  readonly gateway: string;
  readonly source: string;
  readonly outLinkName: string;
  readonly priority: number;
  readonly family: "inet4" | "inet6";
  /** Who set it: `kernel`, `static`, `dhcp` … */
  readonly protocol: string;
}

/** The routes of the node, by `<family>/<gateway>/<destination>/<prefix>/<metric>/<link>`. */
export const RouteStatus = define<RouteStatusSpec>({
  type: "RouteStatuses.net.talos.dev",
  namespace: "network",
  aliases: ["route", "routes"],
  initials: false,
  printColumns: [
    { name: "Destination", jsonPath: "{.destination}" },
    { name: "Gateway", jsonPath: "{.gateway}" },
    { name: "Link", jsonPath: "{.outLinkName}" },
    { name: "Metric", jsonPath: "{.priority}" },
  ],
});

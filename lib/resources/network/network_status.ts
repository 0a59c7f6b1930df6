import type { AddressStatusSpec } from "./address_status.ts";
import type { LinkStatusSpec } from "./link_status.ts";
import type { HostnameStatusSpec, ResolverStatusSpec } from "./names_status.ts";
import type { NodeAddressSpec } from "./node_address.ts";
import type { RouteStatusSpec } from "./route_status.ts";

/** The network of a node as networkd tells of it: specs by the ids of their resources. */
export interface NetworkStatus {
  readonly links: Readonly<Record<string, LinkStatusSpec>>;
  readonly addresses: Readonly<Record<string, AddressStatusSpec>>;
  readonly routes: Readonly<Record<string, RouteStatusSpec>>;
  readonly resolvers: Readonly<Record<string, ResolverStatusSpec>>;
  readonly hostnames: Readonly<Record<string, HostnameStatusSpec>>;
  readonly nodeAddresses: Readonly<Record<string, NodeAddressSpec>>;
}

const PARTS = [
  "links",
  "addresses",
  "routes",
  "resolvers",
  "hostnames",
  "nodeAddresses",
] as const satisfies readonly (keyof NetworkStatus)[];

/** Reads what networkd wrote as JSON. @throws {TypeError} that names the part of the wrong kind */
export function readNetworkStatus(value: unknown): NetworkStatus {
  const status = (value ?? {}) as Record<string, unknown>;
  for (const part of PARTS) {
    const specs = status[part];
    if (!isRecord(specs) || !Object.values(specs).every(isRecord)) {
      throw new TypeError(`Cannot read network status: ${part} are no objects`);
    }
  }
  return status as unknown as NetworkStatus;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

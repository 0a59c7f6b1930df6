import { define } from "../definition.ts";

/** Addresses that the node is known by, with prefix lengths. */
export interface NodeAddressSpec {
  readonly addresses: readonly string[];
}

/** All addresses that are good beyond one link and this machine. */
export const CURRENT_ADDRESSES = "current";
/** The address that comes first: it stands in /etc/hosts beside the node's name. */
export const DEFAULT_ADDRESS = "default";

/** The addresses of the node as a whole. */
export const NodeAddress = define<NodeAddressSpec>({
  type: "NodeAddresses.net.talos.dev",
  namespace: "network",
  initials: false,
  printColumns: [{ name: "Addresses", jsonPath: "{.addresses}" }],
});

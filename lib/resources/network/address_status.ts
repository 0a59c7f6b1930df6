import { define } from "../definition.ts";

/** An address of an interface. */
export interface AddressStatusSpec {
  /** With prefix length. */
  readonly address: string;
  readonly linkName: string;
  readonly family: "inet4" | "inet6";
  readonly scope: string;
}

/** The addresses of the node, by `<link>/<address>/<prefix>`. */
export const AddressStatus = define<AddressStatusSpec>({
  type: "AddressStatuses.net.talos.dev",
  namespace: "network",
  aliases: ["address", "addresses"],
  initials: false,
  printColumns: [
    { name: "Address", jsonPath: "{.address}" },
    { name: "Link", jsonPath: "{.linkName}" },
  ],
});

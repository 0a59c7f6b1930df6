/** For which names and addresses the node's API speaks. */
import type { MachineConfig } from "$lib/config/mod.ts";
import type { IdentityInputs } from "./api_identity.ts";

/** What the kernel calls a machine that nobody has named yet; no certificate can. */
const UNNAMED = "(none)";

/** What the machine is called right now. */
export interface HostNames {
  readonly hostname: string;
  readonly addresses: readonly string[];
}

/**
 * What the API certificate is made from; nothing before there is a configuration, or on a machine
 * without the key of the CA.
 */
export function identityInputs(
  config: MachineConfig | undefined,
  host: HostNames,
): IdentityInputs | undefined {
  const ca = config?.machine.ca;
  if (!ca?.crt || !ca.key) return undefined;
  const names = [
    "127.0.0.1",
    "::1",
    "localhost",
    host.hostname,
    ...host.addresses.map((address) => address.split("%")[0] ?? address),
    ...config?.machine.certSANs ?? [],
  ];
  const given = names.filter((name) => name !== "" && name !== UNNAMED);
  return { ca: { crt: ca.crt, key: ca.key }, names: given };
}

import type { HostNames } from "./names.ts";

/** The kernel's hostname, and the addresses others can reach. */
export function hostNames(): HostNames {
  const addresses = Deno.networkInterfaces().map(({ address }) => address)
    .filter((address) => !address.startsWith("127.") && address !== "::1");
  return { hostname: Deno.hostname(), addresses };
}

import type { MachineApi } from "./_impl.ts";

/** Where the hostname comes from. */
export interface HostnameDeps {
  readonly hostname: () => string;
}

/** Answers the kernel's hostname. */
export function hostnameApi({ hostname }: HostnameDeps): MachineApi<"hostname"> {
  return { hostname: () => ({ messages: [{ hostname: hostname() }] }) };
}

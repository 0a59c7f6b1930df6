import { hostsOf } from "./fill.ts";
import { GUEST_NAME } from "./identity.ts";
import type { LocalRegistry } from "./server.ts";

/**
 * The change of a generated configuration, as JSON Patch, by which a node in QEMU's user-mode network
 * pulls `images` from a registry on this host.
 */
export function registryPatch(
  { port, ca }: Pick<LocalRegistry, "port" | "ca">,
  images: readonly string[],
): string {
  const host = `${GUEST_NAME}:${port}`;
  const endpoints = [`https://${host}`];
  const mirrors = Object.fromEntries(hostsOf(images).map((name) => [name, { endpoints }]));
  const config = { [host]: { tls: { ca: new TextEncoder().encode(ca).toBase64() } } };
  return JSON.stringify([
    { op: "add", path: "/machine/registries", value: { mirrors, config } },
  ]);
}

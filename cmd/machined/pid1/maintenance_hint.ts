/** What a person at the console has to type elsewhere to configure this machine. */

/** The lines that bring a configuration to `address`; `\` joins what the shell reads as one. */
export function maintenanceHint(
  addresses: readonly string[],
  fingerprint: string | undefined,
): string[] {
  const address = addresses.find((one) => !one.startsWith("fe80:"));
  if (address === undefined || fingerprint === undefined) {
    return ["This machine waits for a configuration, and for an address to take it at."];
  }
  return [
    "This machine waits for its configuration:",
    "",
    `talosctl apply-config --insecure --nodes ${address} \\`,
    `  --cert-fingerprint '${fingerprint}' \\`,
    "  --file controlplane.yaml",
    "",
    "or, asked field by field, with --interactive in place of --file.",
  ];
}

import { flag, kebab, UsageError, type Values } from "$lib/cli/mod.ts";

const hidden = { hidden: true } as const;

/** Flags of 0.9 about containers and about CNI plugins of the host: machines in QEMU have neither. */
const WITHOUT_EFFECT = {
  cniBinPath: flag.list("search path for CNI binaries", hidden),
  cniBundleUrl: flag.string("URL to download the CNI bundle from", hidden),
  cniCacheDir: flag.string("CNI cache directory path", hidden),
  cniConfDir: flag.string("CNI config directory path", hidden),
  dockerHostIp: flag.string("host IP to forward exposed ports to", hidden),
  exposedPorts: flag.string("ports/protocols to expose on init node", { short: "p", ...hidden }),
  image: flag.string("the image to use", hidden),
} as const;

/** Flags of 0.9 that ask for what there is not; what to do instead, where there is something. */
const MISSING = {
  initNodeAsEndpoint: flag.boolean("use the init node as endpoint", hidden),
  ipv6: flag.boolean("enable IPv6 network in the cluster", hidden),
  wireguardCidr: flag.string("CIDR of the WireGuard network", hidden),
} as const;

const INSTEAD: Readonly<Record<keyof typeof MISSING, string>> = {
  initNodeAsEndpoint: "give the address with --endpoint",
  ipv6: "the machines' network is IPv4",
  wireguardCidr: "describe the interfaces with --config-patch",
};

/** The flags of `cluster create` that 0.9 has and that are not for machines in QEMU. */
export const FORMER_FLAGS = {
  ...WITHOUT_EFFECT,
  ...MISSING,
  ipv4: flag.boolean("enable IPv4 network in the cluster", { fallback: true, ...hidden }),
} as const;

/**
 * What is to be said of the flags of 0.9 that were written: those without an effect here.
 * @throws {UsageError} for one that asks for what there is not
 */
export function formerFlagNotes(flags: Values<typeof FORMER_FLAGS>): string[] {
  if (!flags.ipv4) {
    throw new UsageError(`flag --ipv4=false is not supported: ${INSTEAD.ipv6}`);
  }
  for (const [name, instead] of Object.entries(INSTEAD)) {
    if (!isWritten(flags[name as keyof typeof INSTEAD])) continue;
    throw new UsageError(`flag --${kebab(name)} is not supported: ${instead}`);
  }
  return Object.keys(WITHOUT_EFFECT)
    .filter((name) => isWritten(flags[name as keyof typeof WITHOUT_EFFECT]))
    .map((name) => `--${kebab(name)} has no effect on machines in QEMU`);
}

function isWritten(value: boolean | string | readonly string[]): boolean {
  return typeof value === "boolean" ? value : value.length > 0;
}

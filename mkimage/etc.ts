import { UIDS } from "$lib/paths/mod.ts";
import type { BuildStamp } from "$lib/version/mod.ts";
import { criContainerdConfig, systemContainerdConfig } from "./containerd_config.ts";

/**
 * The names of IP protocols. Without them nft lists the keys of a map by number: kube-proxy then takes
 * what an earlier kube-proxy left there for rules of nobody, and removes the ones it has just added.
 */
export const PROTOCOLS = lines([
  "ip 0 IP",
  "icmp 1 ICMP",
  "tcp 6 TCP",
  "udp 17 UDP",
  "ipv6-icmp 58 IPv6-ICMP",
  "sctp 132 SCTP",
]);

/** The text files of `/etc` by name below it. No file holds a password or a place for one. */
export function etcFiles(stamp: BuildStamp): Record<string, string> {
  const users = Object.entries(UIDS);
  return {
    "os-release": osRelease(stamp.tag),
    // Bind-mounted over at boot; what stands here is what a node without network has.
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "resolv.conf": "",
    "machine-id": "",
    "containerd/config.toml": systemContainerdConfig(),
    "cri/containerd.toml": criContainerdConfig(),
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "passwd": lines([
      "root:x:0:0:root:/:/usr/sbin/nologin",
      ...users.map(([name, id]) => `${name}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin`),
    ]),
    "group": lines(["root:x:0:", ...users.map(([name, id]) => `${name}:x:${id}:`)]),
    "protocols": PROTOCOLS,
  };
}

/** The os-release file of a release. */
export function osRelease(tag: string): string {
  return lines([
    'NAME="Talos"',
    "ID=talos",
    `VERSION_ID=${tag}`,
    `PRETTY_NAME="Talos (${tag})"`,
  ]);
}

function lines(all: readonly string[]): string {
  return all.join("\n") + "\n";
}

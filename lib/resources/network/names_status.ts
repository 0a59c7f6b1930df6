import { define } from "../definition.ts";

/** The name servers that are asked. */
export interface ResolverStatusSpec {
  readonly dnsServers: readonly string[];
  readonly searchDomains: readonly string[];
}

/** The one resource of its kind. */
export const RESOLVERS = "resolvers";

/** What stands in /etc/resolv.conf. */
export const ResolverStatus = define<ResolverStatusSpec>({
  type: "ResolverStatuses.net.talos.dev",
  namespace: "network",
  aliases: ["resolver", "resolvers"],
  initials: false,
  printColumns: [{ name: "Resolvers", jsonPath: "{.dnsServers}" }],
});

/** What the node is called. */
export interface HostnameStatusSpec {
  readonly hostname: string;
  /** Empty when none is known. */
  readonly domainname: string;
}

/** The one resource of its kind. */
export const HOSTNAME = "hostname";

/** The name of the node. */
export const HostnameStatus = define<HostnameStatusSpec>({
  type: "HostnameStatuses.net.talos.dev",
  namespace: "network",
  aliases: ["hostname"],
  initials: false,
  printColumns: [
    { name: "Hostname", jsonPath: "{.hostname}" },
    { name: "Domainname", jsonPath: "{.domainname}" },
  ],
});

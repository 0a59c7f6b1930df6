import { X509Certificate } from "node:crypto";
import * as net from "node:net";
import { isForClients } from "$lib/rpc/mod.ts";

/** What a node may do for its callers, by the certificate that it shows. */
export interface Standing {
  /** Whether other nodes take its calls. Workers' certificates are for servers only. */
  readonly passesOn: boolean;
  /** Whether its certificate speaks for `host`. */
  isSelf(host: string): boolean;
}

/** The standing of the node with this certificate (PEM). */
export function standingOf(cert: string): Standing {
  const certificate = new X509Certificate(cert);
  return {
    passesOn: isForClients(certificate.raw),
    isSelf(host) {
      const named = net.isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
      return named !== undefined;
    },
  };
}

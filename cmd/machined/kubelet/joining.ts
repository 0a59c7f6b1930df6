import type { MachineConfig } from "$lib/config/mod.ts";
import { HttpFault, SecureHttp, UnreachableError } from "$lib/secure_http/mod.ts";

/** How a kubelet that has no certificate yet proves itself to the cluster. */
export interface Joining {
  /** The API server, `https://host:port`. */
  readonly endpoint: string;
  /** PEM of the CA that signed its certificate. */
  readonly ca: string;
  /** The bootstrap token. */
  readonly token: string;
}

/** What the configuration says of joining. @throws {Error} when it lacks a part of it. */
export function joiningOf({ cluster }: MachineConfig): Joining {
  const { ca, token, controlPlane: { endpoint } } = cluster;
  if (!ca?.crt) throw new Error("Cannot start the kubelet: cluster.ca has no certificate");
  if (!token) throw new Error("Cannot start the kubelet: cluster.token is not set");
  return { endpoint, ca: ca.crt, token };
}

/**
 * Whether the cluster would let this kubelet in. An API server that is silent says nothing about it: it
 * may not be up yet.
 *
 * @throws {Error} when the API server refuses the token, or shows a certificate that the CA did not sign
 */
export async function checkJoining(
  { endpoint, ca, token }: Joining,
  signal: AbortSignal,
): Promise<void> {
  using http = new SecureHttp({ url: endpoint, ca });
  const headers = { authorization: `Bearer ${token}` };
  try {
    await http.text("GET", "/api", { headers, signal, timeoutMs: 8_000 });
  } catch (error) {
    if (error instanceof HttpFault && error.status === 401) {
      throw new Error(
        `The API server at "${endpoint}" does not know cluster.token: it has to be that of the ` +
          "control plane's configuration",
        { cause: error },
      );
    }
    if (error instanceof UnreachableError && /invalid peer certificate/.test(error.message)) {
      throw new Error(
        `${error.message}: cluster.ca and cluster.controlPlane.endpoint have to be those of the ` +
          "control plane's configuration",
        { cause: error },
      );
    }
  }
}

/** Runs attempts, and lets a failure through only after they have failed for `graceMs` without a break. */
export function patiently(
  graceMs: number,
  now: () => number,
): (attempt: () => Promise<void>) => Promise<void> {
  let failingSince: number | undefined;
  return async (attempt) => {
    try {
      await attempt();
      failingSince = undefined;
    } catch (error) {
      failingSince ??= now();
      if (now() - failingSince >= graceMs) throw error;
    }
  };
}

import { type Apid, startApid } from "../../cmd/apid/apid.ts";
import { startRouter } from "../../cmd/routerd/router.ts";
import { createCa, hoursMs, issueServerLeaf, type PemPair, sans, tlsKey } from "$lib/pki/mod.ts";
import { serveUnix } from "$lib/rpc/mod.ts";
import { machinedRoutes, networkdRoutes, timedRoutes } from "./components.ts";

/** A node's API on loopback: the real apid and routerd before stand-ins for the components. */
export interface TestNode extends AsyncDisposable {
  /** `127.0.0.1:<port>`; a node that is named without a port is looked for at the same port. */
  readonly endpoint: string;
  readonly port: number;
  readonly ca: PemPair;
  /** What apid said of peers that it turned away, and why. */
  readonly log: readonly string[];
}

/** Starts the API of a node with a CA of its own. */
export async function startNode(): Promise<TestNode> {
  const dir = await Deno.makeTempDir();
  const now = new Date();
  const ca = await createCa({ kind: "ed25519", subject: { organization: ["talos"] }, now });
  const names = sans(["127.0.0.1", "::1", "localhost"]);
  const server = await issueServerLeaf({ ca, sans: names, now, lifetimeMs: hoursMs(1) });
  const log: string[] = [];
  const sockets = {
    machined: `${dir}/machined`,
    networkd: `${dir}/networkd`,
    timed: `${dir}/timed`,
  };
  const parts = [
    await serveUnix(sockets.machined, machinedRoutes),
    await serveUnix(sockets.networkd, networkdRoutes),
    await serveUnix(sockets.timed, timedRoutes),
    await startRouter({ socket: `${dir}/routerd`, backends: sockets }),
  ];
  const apid: Apid = await startApid({
    host: "127.0.0.1",
    port: 0,
    socket: `${dir}/apid`,
    routerSocket: `${dir}/routerd`,
    nodePort: () => apid.port,
    identity: { ca: ca.crt, cert: server.crt, key: tlsKey(server.key) },
    log: (line) => log.push(line),
  });
  return {
    endpoint: `127.0.0.1:${apid.port}`,
    port: apid.port,
    ca,
    log,
    async [Symbol.asyncDispose]() {
      await apid.close();
      for (const part of parts.reverse()) await part.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

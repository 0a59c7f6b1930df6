/**
 * Two nodes on loopback addresses for apid's tests, each with apid, routerd's part played by a
 * machine service on the socket that apid dials.
 *
 * @module
 */
import { type ServiceImpl } from "@connectrpc/connect";
import { type GrpcServer, type Identity, serveUnix } from "$lib/rpc/mod.ts";
import { TestPki } from "$lib/rpc/testing.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { type Apid, type ApidOptions, startApid } from "./apid.ts";

/** One node of the test. */
export interface TestNode {
  readonly host: string;
  readonly apid: Apid;
  readonly machine: GrpcServer;
  readonly log: string[];
  readonly socket: string;
}

/** What the machine service of the node at `host` does. */
export type MachineOf = (host: string) => Partial<ServiceImpl<typeof MachineService>>;

/** Nodes that share a CA and a port, ended with their scope. */
export class TestCluster implements AsyncDisposable {
  private constructor(
    readonly pki: TestPki,
    readonly client: Identity,
    readonly nodes: readonly TestNode[],
  ) {}

  /** The port that all nodes listen on. */
  get port(): number {
    return this.nodes[0]?.apid.port ?? 0;
  }

  /** Starts one node at 127.0.0.1 and one at 127.0.0.2. */
  static async start(
    folder: string,
    machineOf: MachineOf,
    options: Partial<ApidOptions> = {},
  ): Promise<TestCluster> {
    const pki = await TestPki.create();
    const nodes: TestNode[] = [];
    // The first takes a free port; the others listen on the same one, as nodes do.
    let port = 0;
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      const routerSocket = `${folder}/routerd-${host}.sock`;
      const socket = `${folder}/apid-${host}.sock`;
      const machine = await serveUnix(
        routerSocket,
        (router) => router.service(MachineService, machineOf(host)),
      );
      const log: string[] = [];
      const identity = await pki.server();
      const apid = await startApid({
        host,
        port,
        socket,
        routerSocket,
        nodePort: () => port,
        identity,
        log: (line) => log.push(line),
        ...options,
      });
      port = apid.port;
      nodes.push({ host, apid, machine, log, socket });
    }
    return new TestCluster(pki, await pki.client(), nodes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { apid, machine } of this.nodes) {
      await apid.close();
      await machine.close();
    }
  }
}

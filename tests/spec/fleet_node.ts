/**
 * A node as the controller manager sees one: its API over mutual TLS, which goes away for a reboot
 * and shows the release that was tried, and what its kubelet tells Kubernetes.
 *
 * @module
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { type KubeClient, TYPES } from "$lib/kube/mod.ts";
import { POOL_LABEL } from "$lib/pool/mod.ts";
import type { UpgradeStatusSpec } from "$lib/resources/mod.ts";
import type { Routes } from "$lib/rpc/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { TestNode, type TestPki } from "../../cmd/talosctl/testing/cluster.ts";

/** What a node and its surroundings are. */
export interface FleetNodeOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pool: string;
  readonly pki: TestPki;
  readonly kube: KubeClient;
}

/** How long a machine takes to come back, milliseconds. */
const AWAY_MS = 400;
const TRIAL_MS = 300;
const START = {
  ...{ version: "v1.0.0", slot: "A", state: "permanent" as const, other: "", message: "" },
};

/** A machine of a test. */
export class FleetNode implements AsyncDisposable {
  /** Images that it was asked to upgrade to. */
  readonly asked: string[] = [];
  /** Whether the next release fails to come up. */
  fails = false;
  /** Whether it refuses whatever it is asked. */
  refuses = false;
  /** Held back, an upgrade that was acknowledged waits until it is released. */
  held: Promise<void> = Promise.resolve();
  /** Held back, the acknowledgement waits: the image is pulled. */
  pulled: Promise<void> = Promise.resolve();
  #status: UpgradeStatusSpec = START;
  #boot = 1;
  #busy = false;
  #log: string[] = ["[talos] booted"];
  #server: TestNode | undefined;
  #upgrading: Promise<void> = Promise.resolve();

  private constructor(readonly options: FleetNodeOptions) {}

  /** Starts it and has its kubelet register. */
  static async start(options: FleetNodeOptions): Promise<FleetNode> {
    const node = new FleetNode(options);
    await node.#listen();
    const { name, pool, kube } = options;
    const metadata = { name, labels: { [POOL_LABEL]: pool } };
    await kube.create(TYPES.nodes, {}, { apiVersion: "v1", kind: "Node", metadata });
    await node.#report(true);
    return node;
  }

  /** The release that runs. */
  get version(): string {
    return this.#status.version;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upgrading;
    await this.#server?.[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    const { pki, host, port } = this.options;
    this.#server = await TestNode.start(pki, this.#routes, host, port);
  }

  get #routes(): Routes {
    const text = (value: string) => new TextEncoder().encode(value);
    return (router) => {
      router.service(MachineService, {
        upgrade: async ({ image }) => {
          this.asked.push(image);
          if (this.#busy) {
            throw new ConnectError("the machine is busy", Code.Unavailable);
          }
          if (this.refuses) {
            throw new ConnectError(
              `error validating installer image "${image}": not found`,
              Code.FailedPrecondition,
            );
          }
          this.#busy = true;
          await this.pulled;
          this.#upgrading = this.#upgrade(image.slice(image.lastIndexOf(":") + 1));
          return { messages: [{ ack: "Upgrade request received" }] };
        },
        read: async function* (this: FleetNode) {
          yield { bytes: text(`boot-${this.#boot}\n`) };
        }.bind(this),
        serviceList: () => ({
          messages: [{ services: [{ id: "apid", state: "Running", health: { healthy: true } }] }],
        }),
        logs: async function* (this: FleetNode, _request: unknown, { signal }: {
          signal: AbortSignal;
        }) {
          for (let at = 0; !signal.aborted;) {
            while (at < this.#log.length) yield { bytes: text(`${this.#log[at++]}\n`) };
            await pause(20);
          }
        }.bind(this),
      });
      router.service(ResourceService, {
        get: () => ({
          messages: [{ resource: { spec: { yaml: text(JSON.stringify(this.#status)) } } }],
        }),
      });
    };
  }

  /** What an upgrade does to a machine: a reboot, a trial, and then the release that stays. */
  async #upgrade(version: string): Promise<void> {
    await this.held;
    this.#log.push(`[talos] upgrade sequence: ${version}`);
    await pause(50);
    const before = this.#status;
    await this.#server?.[Symbol.asyncDispose]();
    await this.#report(false);
    await pause(AWAY_MS);
    this.#boot += this.fails ? 3 : 1;
    this.#log = [`[talos] booted`];
    this.#busy = false;
    const message = `${version} was tried and failed: it did not come up`;
    this.#status = this.fails
      ? { ...before, state: "rolledBack", message }
      : { ...before, version, slot: before.slot === "A" ? "B" : "A", state: "trial" };
    await this.#listen();
    await pause(TRIAL_MS);
    if (!this.fails) this.#status = { ...this.#status, state: "permanent" };
    await this.#report(true);
  }

  /** What its kubelet tells, as soon as there is an API server to tell it to. */
  async #report(ready: boolean): Promise<void> {
    const { name, host, kube } = this.options;
    const status = {
      addresses: [{ type: "InternalIP", address: host }],
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      nodeInfo: { osImage: `Talos (${this.#status.version})` },
    };
    const place = { name, subresource: "status" };
    for (let attempt = 0;; attempt++) {
      try {
        await kube.patch(TYPES.nodes, place, { status }, { kind: "strategic" });
        return;
      } catch (error) {
        if (attempt === 600) throw error;
        await pause(100);
      }
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

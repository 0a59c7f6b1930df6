/** A controller manager in a test, and the pools that it is given. */
import assert from "node:assert/strict";
import { systemClock } from "$lib/clock/mod.ts";
import type { KubeClient } from "$lib/kube/mod.ts";
import { type Condition, managerManifests, POOLS, type PoolStatus } from "$lib/pool/mod.ts";
import type { Identity } from "$lib/rpc/mod.ts";
import { Manager } from "../../cmd/controller-manager/manager.ts";
import { TalosNode } from "../../cmd/controller-manager/node_api.ts";

/** Waits until `look` finds something. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  timeoutMs = 120_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    if (Date.now() > deadline) assert.fail(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Applies the manifests; kinds and namespaces take a moment until what follows may use them. */
export async function deploy(kube: KubeClient): Promise<void> {
  for (const object of managerManifests({ image: "registry.test/controller-manager:v1" })) {
    await until(`apply ${object.kind}`, () => kube.apply(object, { manager: "test" }));
  }
  await until("the kind Pool", async () => {
    await kube.list(POOLS);
    return true;
  });
}

/** A manager that runs until it is disposed. */
export class RunningManager implements AsyncDisposable {
  readonly #over = new AbortController();
  readonly #run: Promise<void>;
  readonly lines: string[] = [];

  constructor(
    kube: KubeClient,
    identity: Identity,
    port: number,
    tags: readonly string[] = [],
    said: (line: string) => void = () => {},
  ) {
    this.#run = new Manager({
      ...{ kube, clock: systemClock, lookMs: 100 },
      log: (line) => {
        this.lines.push(line);
        said(line);
      },
      node: (host) => Promise.resolve(new TalosNode({ ...identity, host, port })),
      tags: () => Promise.resolve(tags),
    }).run(this.#over.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#run;
  }
}

/** A pool as it is created. */
export function pool(name: string, spec: object): object {
  return { apiVersion: POOLS.apiVersion, kind: "Pool", metadata: { name }, spec };
}

/** How a pool stands. */
export function ready({ conditions = [] }: Partial<PoolStatus> = {}): Condition | undefined {
  return conditions.find(({ type }) => type === "Ready");
}

/**
 * The Talos Controller Manager: runs in Kubernetes and upgrades pools of nodes through their API.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { systemClock } from "$lib/clock/mod.ts";
import { Election, inCluster, KubeClient } from "$lib/kube/mod.ts";
import { accessOf } from "$lib/kubeconfig/mod.ts";
import { APID_PORT } from "$lib/paths/mod.ts";
import { tlsKey } from "$lib/pki/mod.ts";
import { CONTROLLER_MANAGER, CREDENTIALS, HEALTH_PORT, NAMESPACE } from "$lib/pool/mod.ts";
import type { Identity } from "$lib/rpc/mod.ts";
import { messageOf } from "$lib/service/mod.ts";
import { credentials, Talosconfig } from "$lib/talosconfig/mod.ts";
import { buildInfo } from "$lib/version/mod.ts";
import { serveHealth } from "./health.ts";
import { Manager } from "./manager.ts";
import { TalosNode } from "./node_api.ts";
import { listTags } from "./registry.ts";

/** How often whoever waits for the lease shows that it lives, milliseconds. */
const BEAT_MS = 30_000;

/** Runs until SIGTERM or SIGINT. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      kubeconfig: { type: "string" },
      credentials: { type: "string", default: CREDENTIALS.directory },
      namespace: { type: "string", default: NAMESPACE },
      "api-port": { type: "string", default: String(APID_PORT) },
      "health-port": { type: "string", default: String(HEALTH_PORT) },
    },
  });
  const over = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(name, () => over.abort());
  }
  const { signal } = over;
  log(`talos-controller-manager ${buildInfo().tag}`);
  using kube = new KubeClient(
    values.kubeconfig === undefined
      ? await inCluster(Deno)
      : accessOf(await Deno.readTextFile(values.kubeconfig)),
  );
  const health = serveHealth({ port: Number(values["health-port"]), clock: systemClock, signal });
  const election = new Election({
    ...{ kube, namespace: values.namespace, name: CONTROLLER_MANAGER, log },
    identity: `${Deno.env.get("POD_NAME") ?? "outside"}_${crypto.randomUUID()}`,
  });
  let works = false;
  const waiting = setInterval(() => {
    if (!works) health.beat();
  }, BEAT_MS);
  await election.hold(signal, async (held) => {
    works = true;
    const manager = new Manager({
      ...{ kube, clock: systemClock, log, alive: health.beat },
      node: async (host) =>
        new TalosNode({
          ...await identity(join(values.credentials, CREDENTIALS.key)),
          ...{ host, port: Number(values["api-port"]) },
        }),
      tags: async (repository, registry, signal) => {
        const ca = await optional(join(values.credentials, CREDENTIALS.registryCa));
        return await listTags(repository, { registry, ca, signal });
      },
    });
    await manager.run(held);
    works = false;
  });
  clearInterval(waiting);
  await health.finished;
}

/** Who this program is to the nodes, by the current context; read anew with each node, so that it may be replaced. */
async function identity(path: string): Promise<Identity> {
  const config = Talosconfig.parse(await Deno.readTextFile(path));
  const context = config.find(config.current);
  if (!context) {
    throw new Error(`Cannot use "${path}": it has no context "${config.current}" to be current`);
  }
  const { ca, crt, key } = credentials(config.current, context);
  return { ca, cert: crt, key: tlsKey(key) };
}

async function optional(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${new Date().toISOString()} ${line}\n`));
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    log(messageOf(error));
    Deno.exit(1);
  }
  // Connections that were kept must not keep the process.
  Deno.exit(0);
}

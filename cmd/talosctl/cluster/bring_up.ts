import { systemClock } from "$lib/clock/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "../client/client.ts";
import { withServer } from "$lib/kubeconfig/mod.ts";
import { makeClient } from "../client/mod.ts";
import { RpcError } from "../client/rpc_error.ts";
import { crashDump } from "../crashdump.ts";
import { clientHealth } from "../health/client_health.ts";
import type { Host } from "../host.ts";
import { fetchKubeconfig, mergeIntoFile, renameLine } from "../kubeconfig_file.ts";
import type { Target } from "../target.ts";
import type { CreateOptions } from "./options.ts";
import { isRunning, type ProcessMark } from "./process.ts";
import type { ContextPlace, NodeState } from "./state.ts";

const DIAL_MS = 5_000;
/** How often the machine is looked after, and how often a bootstrap is tried. */
const WATCH_MS = 2_000;

/** What bringing Kubernetes up needs. */
export interface BringUp extends
  Pick<
    CreateOptions,
    "crashdump" | "kubeconfig" | "until" | "timeoutMs" | "signal" | "say"
  > {
  /** Whether the cluster is to be founded first. */
  readonly bootstraps: boolean;
  /** The machines that are there, the one that founds the cluster first. */
  readonly nodes: readonly Pick<NodeState, "name" | "type" | "ip">[];
  /** The machine that founds the cluster. */
  readonly target: Target;
  readonly machines: readonly ProcessMark[];
  /** Where this host reaches Kubernetes, when that is not where the nodes do; else empty. */
  readonly k8sEndpoint: string;
}

/**
 * Bootstraps the node whose API answers, waits until the cluster is well and merges its kubeconfig.
 * Gives where its context went. @throws {Error} when it does not come up
 */
export async function bringUp(host: Host, options: BringUp): Promise<ContextPlace | undefined> {
  const { machines, nodes, say } = options;
  using watched = watchMachines(machines);
  const signal = AbortSignal.any([options.signal, watched.died]);
  using client = makeClient(options.target, { dialMs: DIAL_MS, signal });
  try {
    return await bringUpBy(client, host, options);
  } catch (error) {
    if (options.crashdump && !signal.aborted) {
      for (const { name, ip } of nodes) {
        for await (const text of crashDump(callsTo(client, nodes, ip), name)) say(text.trimEnd());
      }
    }
    throw error;
  }
}

async function bringUpBy(
  client: Client,
  host: Host,
  { bootstraps, k8sEndpoint, kubeconfig, nodes, say, timeoutMs, until }: BringUp,
): Promise<ContextPlace | undefined> {
  const started = performance.now();
  if (bootstraps) {
    say(`bootstrapping ${nodes[0]?.name}`);
    await bootstrap(client, started + timeoutMs);
  }
  if (until !== "healthy") return undefined;
  const ipsOf = (workers: boolean): string[] =>
    nodes.filter(({ type }) => (type === "join") === workers).map(({ ip }) => ip);
  const health = {
    client,
    of: (node: string) => callsTo(client, nodes, node),
    members: { controlPlane: ipsOf(false), workers: ipsOf(true) },
    k8sEndpoint,
    timeoutMs: timeoutMs - (performance.now() - started),
  };
  for await (const line of clientHealth(health)) say(line);
  if (kubeconfig === undefined) return undefined;
  say(`merging kubeconfig into "${kubeconfig}"`);
  const fetched = await fetchKubeconfig(client);
  const text = k8sEndpoint === "" ? fetched : withServer(fetched, k8sEndpoint);
  const { renames, context } = await mergeIntoFile(host.files, kubeconfig, text, {
    onConflict: () => Promise.resolve("rename"),
  });
  for (const rename of renames) say(renameLine(rename));
  return { path: kubeconfig, context };
}

/** One machine alone is asked as it is reached; of several each by the address it has among them. */
function callsTo(client: Client, nodes: BringUp["nodes"], ip: string): Client {
  return nodes.length > 1 ? client.only(ip) : client.endedBy(client.signal);
}

/** A node that is still starting refuses for a while. */
const PASSING = new Set(["Unavailable", "FailedPrecondition", "Aborted", "DeadlineExceeded"]);

async function bootstrap(client: Client, deadline: number): Promise<void> {
  for (;;) {
    try {
      await client.unary(MachineService.method.bootstrap, {});
      return;
    } catch (error) {
      client.signal.throwIfAborted();
      // In a cluster this new it can only be our own bootstrap, whose answer was lost.
      if (error instanceof RpcError && error.status === "AlreadyExists") return;
      const passing = error instanceof RpcError && PASSING.has(error.status);
      if (!passing || performance.now() >= deadline) throw error;
    }
    await systemClock.sleep(WATCH_MS, client.signal);
  }
}

/** Looks after machines: `died` is aborted when the process of one ends. */
function watchMachines(machines: readonly ProcessMark[]): { died: AbortSignal } & Disposable {
  const controller = new AbortController();
  const timer = setInterval(async () => {
    const running = await Promise.all(machines.map(isRunning));
    if (running.includes(false)) controller.abort(new Error("the machine has stopped"));
  }, WATCH_MS);
  return { died: controller.signal, [Symbol.dispose]: () => clearInterval(timer) };
}

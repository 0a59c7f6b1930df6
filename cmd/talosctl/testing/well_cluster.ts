import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Cluster } from "$lib/health/mod.ts";
import {
  type MachineService,
  SequenceEvent_Action,
  SequenceEventSchema,
  type ServiceInfoSchema,
} from "$proto/machine/machine_pb.ts";
import { answers, chunks, payload } from "./answers.ts";
import type { KubeHandler } from "./kube.ts";
import { kubeconfigArchive } from "./kubernetes.ts";

/** The machine API of the nodes of `cluster`, each of which hands out `kubeconfig`. */
export function machineOf(
  cluster: Cluster,
  kubeconfig: string,
): Partial<ServiceImpl<typeof MachineService>> {
  return {
    version: (_request, { requestHeader }) => ({
      messages: answers(requestHeader, { version: { tag: "v0.1.0" } }),
    }),
    async serviceList(_request, { requestHeader }) {
      const services = (await cluster.machine.services("")).map((
        { id, state, healthy, message },
      ): MessageInitShape<typeof ServiceInfoSchema> => ({
        ...{ id, state },
        health: { unknown: healthy === undefined, healthy: healthy === true, lastMessage: message },
      }));
      return { messages: answers(requestHeader, { services }) };
    },
    async *events(_request, { requestHeader, signal }) {
      for (const action of [SequenceEvent_Action.START, SequenceEvent_Action.STOP]) {
        const data = payload(SequenceEventSchema, { sequence: "boot", action });
        yield* chunks(requestHeader, [{ id: "c0", data }]);
      }
      // A stream of events stays open.
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    },
    async *kubeconfig(_request, { requestHeader }) {
      for await (const part of kubeconfigArchive(kubeconfig)) {
        yield* chunks(requestHeader, [{ bytes: part }]);
      }
    },
  };
}

/** The Kubernetes API of `cluster` as far as checks read it. */
export function kubeOf({ kube }: Cluster): KubeHandler {
  return async ({ path, query }) => {
    const list = (items: readonly unknown[]) => ({ items, metadata: { resourceVersion: "1" } });
    if (path === "/api/v1/nodes") return list(await kube.nodes());
    if (path !== "/api/v1/namespaces/kube-system/pods") return undefined;
    return list(await kube.pods(query.get("labelSelector") ?? ""));
  };
}

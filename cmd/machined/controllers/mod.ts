/**
 * The state of a node and the controllers that keep it.
 *
 * @module
 */
import { ControllerEngine, MemoryState, type State } from "$lib/cosi/mod.ts";
import { type Catalog, type NetworkStatus, nodeCatalog } from "$lib/resources/mod.ts";
import {
  type Clock,
  type EventRing,
  Latest,
  type LogStore,
  type ServiceManager,
} from "$lib/service/mod.ts";
import type { ConfigStore } from "../config/store.ts";
import type { HostNames } from "../identity/names.ts";
import { K8sControlPlaneController } from "./config/k8s_control_plane.ts";
import { MachineTypeController } from "./config/machine_type.ts";
import { kubernetesControllers, type KubernetesDeps } from "./k8s/mod.ts";
import { publishConfig } from "./machine_config.ts";
import { networkControllers } from "./network/network_status.ts";
import { EtcdController } from "./secrets/etcd.ts";
import { KubernetesController } from "./secrets/kubernetes.ts";
import { RootController } from "./secrets/root.ts";
import { ServiceController } from "./v1alpha1/service.ts";
import { TimeStatusController } from "./v1alpha1/time_status.ts";

export {
  dropStaticPods,
  hostKubernetes,
  KUBELET_KUBECONFIG,
  kubeletTarget,
  type KubernetesDeps,
  STATIC_PODS_DIR,
} from "./k8s/mod.ts";
export { MachineConfig } from "./machine_config.ts";

/** The log of the controllers, as `talosctl logs` names it. */
export const CONTROLLER_LOG = "controller-runtime";

/** What the state of a node is made from. */
export interface NodeRuntimeDeps {
  readonly events: EventRing;
  readonly services: Pick<ServiceManager, "list">;
  readonly config: Pick<ConfigStore, "running">;
  readonly logs: Pick<LogStore, "writer">;
  readonly clock: Clock;
  readonly host: () => HostNames;
  /** In a container somebody else keeps the clock. */
  readonly container: boolean;
  /** Whether the kernel holds its clock for right. */
  readonly isClockRight: () => boolean;
  /** The network as networkd tells of it, again each time it changed. */
  readonly network: (
    onFault: (reason: string) => void,
    signal: AbortSignal,
  ) => AsyncIterable<NetworkStatus>;
  readonly kubernetes: KubernetesDeps;
}

/** The state of a node, the kinds in it, and its controllers. */
export interface NodeRuntime {
  readonly state: State;
  readonly catalog: Catalog;
  readonly controllers: ControllerEngine;
  /** Describes the kinds and starts the controllers; they end with `signal`. */
  start(signal: AbortSignal): Promise<void>;
}

/** Joins the state of a node; nothing runs before `start`. */
export function nodeRuntime(deps: NodeRuntimeDeps): NodeRuntime {
  const { clock, config } = deps;
  const log = deps.logs.writer(CONTROLLER_LOG);
  const state = new MemoryState({ now: () => clock.now() });
  const catalog = nodeCatalog();
  const network = new Latest<NetworkStatus>();
  const followNetwork = async (signal: AbortSignal) => {
    for await (const status of deps.network(log, signal)) network.set(status);
  };
  const controllers = new ControllerEngine({ state, clock, log });
  for (
    const controller of [
      new ServiceController(deps),
      new TimeStatusController(deps),
      ...networkControllers(network),
      new MachineTypeController(),
      new K8sControlPlaneController(),
      new RootController(),
      new EtcdController(deps),
      new KubernetesController(deps),
      ...kubernetesControllers(deps.kubernetes),
    ]
  ) controllers.register(controller);
  return {
    state,
    catalog,
    controllers,
    async start(signal) {
      await catalog.publish(state);
      for (
        const running of [
          publishConfig(config.running, state, signal),
          controllers.run(signal),
          followNetwork(signal),
        ]
      ) {
        running.catch((error) => log(`stopped: ${error instanceof Error ? error.message : error}`));
      }
    },
  };
}

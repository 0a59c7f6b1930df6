import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import {
  Endpoint,
  K8S_CERTS,
  KUBERNETES_ENDPOINT,
  KubernetesSecrets,
  MACHINE_TYPE,
  MachineType,
  ROOT_K8S,
  type RootKubernetesSpec,
  RootSecrets,
  Service,
} from "$lib/resources/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";
import { kubeTarget } from "./access.ts";

/** The effects of the controller. */
export interface EndpointDeps {
  /** The API server as the kubelet of this node logs in to it; undefined before it has registered. */
  readonly asKubelet: () => Promise<SecureTarget | undefined>;
  /** The addresses of all API servers. */
  readonly list: (target: SecureTarget, signal: AbortSignal) => Promise<readonly string[]>;
}

/** How often control planes that came or went are looked for, milliseconds. */
const PERIOD_MS = 60_000;
/** How often while none is known. */
const FIRST_PERIOD_MS = 10_000;

/** Keeps the addresses of the control planes. What is known stays while no API server answers. */
export class EndpointController implements Controller {
  readonly name = "k8s.EndpointController";
  readonly inputs = [
    weak(MachineType, MACHINE_TYPE),
    weak(RootSecrets, ROOT_K8S),
    weak(KubernetesSecrets, K8S_CERTS),
    weak(Service, "kubelet"),
  ];
  readonly outputs = [exclusive(Endpoint)];

  constructor(readonly deps: EndpointDeps) {}

  async run(rt: ControllerRuntime): Promise<void> {
    let known: readonly string[] = [];
    for await (const pass of rt.passes()) {
      pass.keep();
      const type = await pass.find(MachineType, MACHINE_TYPE);
      if (type === undefined || type === "unknown") continue;
      const root = await pass.find(RootSecrets, ROOT_K8S) as RootKubernetesSpec | undefined;
      const certificates = await pass.find(KubernetesSecrets, K8S_CERTS);
      const target = root && certificates
        ? kubeTarget(root.endpoint, root, certificates)
        : await this.deps.asKubelet();
      // No answer is the usual state while the cluster comes up: there is nothing to tell.
      const found = target ? await this.deps.list(target, rt.signal).catch(() => []) : [];
      if (found.length > 0) known = found.toSorted();
      if (found.length > 0) await pass.put(Endpoint, KUBERNETES_ENDPOINT, { addresses: known });
      pass.again(known.length > 0 ? PERIOD_MS : FIRST_PERIOD_MS);
    }
  }
}

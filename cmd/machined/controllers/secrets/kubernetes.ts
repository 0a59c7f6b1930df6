import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import {
  K8S_CERTS,
  KubernetesSecrets,
  ROOT_K8S,
  type RootKubernetesSpec,
  RootSecrets,
} from "$lib/resources/mod.ts";
import type { Clock } from "$lib/service/mod.ts";
import { kubernetesSecrets } from "./kubernetes_certs.ts";
import { canIssue, READINESS_INPUTS } from "./readiness.ts";

/** Keeps the KubernetesSecrets, once the node knows its names and the time. */
export class KubernetesController implements Controller {
  readonly name = "secrets.KubernetesController";
  readonly inputs = [weak(RootSecrets, ROOT_K8S), ...READINESS_INPUTS];
  readonly outputs = [exclusive(KubernetesSecrets)];

  constructor(readonly deps: { clock: Pick<Clock, "now"> }) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const root = await pass.find(RootSecrets, ROOT_K8S);
      if (!root) continue;
      // What there is stays while networkd restarts: the control plane runs with it.
      pass.keep();
      if (!await canIssue(pass)) continue;
      const present = await pass.find(KubernetesSecrets, K8S_CERTS);
      const nowMs = this.deps.clock.now();
      const { spec, renewAtMs } = await kubernetesSecrets(
        root as RootKubernetesSpec,
        present,
        new Date(nowMs),
      );
      await pass.put(KubernetesSecrets, K8S_CERTS, spec);
      pass.again(renewAtMs - nowMs);
    }
  }
}

import { Code, ConnectError } from "@connectrpc/connect";
import { packTar } from "modern-tar";
import { find, type StateReader } from "$lib/cosi/mod.ts";
import { hoursMs, issueLeaf, NO_SANS } from "$lib/pki/mod.ts";
import { ROOT_K8S, type RootKubernetesSpec, RootSecrets } from "$lib/resources/mod.ts";
import type { Clock } from "$lib/service/mod.ts";
import type { ConfigStore } from "../config/store.ts";
import { encodeKubeconfig } from "../controllers/secrets/kubeconfig.ts";
import type { MachineApi } from "./_impl.ts";

/** Where the cluster's secrets are. */
export interface KubeconfigDeps {
  readonly state: StateReader;
  readonly config: Pick<ConfigStore, "running">;
  readonly clock: Pick<Clock, "now">;
}

/** A year, where the configuration says nothing. */
const LIFETIME_MS = hoursMs(8760);

/** Makes an administrator's kubeconfig, in a tar.gz as `kubeconfig`. */
export function kubeconfigApi(deps: KubeconfigDeps): MachineApi<"kubeconfig"> {
  return {
    async *kubeconfig() {
      const name = "kubeconfig";
      const body = await adminKubeconfig(deps);
      const header = { name, size: new TextEncoder().encode(body).length, mode: 0o600 };
      const archive = await packTar([{ header, body }]);
      const zipped = new Blob([new Uint8Array(archive)]).stream()
        .pipeThrough(new CompressionStream("gzip"));
      for await (const bytes of zipped) yield { bytes };
    },
  };
}

async function adminKubeconfig({ state, config, clock }: KubeconfigDeps): Promise<string> {
  const root = await find(state, RootSecrets, ROOT_K8S) as RootKubernetesSpec | undefined;
  if (!root) {
    throw new ConnectError(
      "Cannot make a kubeconfig: this node does not have the cluster's CA, ask a control plane node",
      Code.FailedPrecondition,
    );
  }
  const { certLifetime } = config.running.value?.config.cluster.adminKubeconfig ?? {};
  const client = await issueLeaf({
    kind: "ecdsa-p256",
    ca: root.ca,
    subject: { commonName: "admin", organization: ["system:masters"] },
    sans: NO_SANS,
    usages: ["clientAuth"],
    now: new Date(clock.now()),
    lifetimeMs: certLifetime ?? LIFETIME_MS,
  });
  return encodeKubeconfig({ cluster: root.name, server: root.endpoint, ca: root.ca.crt, client });
}

import assert from "node:assert/strict";
import { testsWith } from "$lib/etcd/testing.ts";
import { MemoryState } from "$lib/cosi/mod.ts";
import { readKey } from "$lib/etcd/mod.ts";
import { isRefusal, KubeError, type KubeObject, type ResourceType, TYPES } from "$lib/kube/mod.ts";
import {
  ETCD_SECRETS,
  EtcdSecrets,
  K8S_CERTS,
  KubernetesSecrets,
  ROOT_ETCD,
  ROOT_K8S,
  RootSecrets,
} from "$lib/resources/mod.ts";
import { EtcdAccess } from "../../etcd/access.ts";
import { applyToCluster } from "./apply.ts";
import { systemManifests } from "./manifests/manifests.ts";
import { applyOrder } from "./manifests/order.ts";
import { parseManifest } from "./manifests/parse.ts";
import { CONTROL_PLANE, RealControlPlane } from "./testing.ts";

const real = testsWith(...CONTROL_PLANE);

const LEASES: ResourceType = {
  apiVersion: "coordination.k8s.io/v1",
  plural: "leases",
  namespaced: true,
};
const ACCOUNTS: ResourceType = { apiVersion: "v1", plural: "serviceaccounts", namespaced: true };
const KUBE_SYSTEM = { namespace: "kube-system" };

const WITH_NEW_KIND = `
apiVersion: example.org/v1
kind: Widget
metadata: { name: w, namespace: extra }
---
apiVersion: v1
kind: Namespace
metadata: { name: extra }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.org }
spec:
  group: example.org
  scope: Namespaced
  names: { plural: widgets, singular: widget, kind: Widget }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object } }
`;

/** What `look` gives once it gives something. */
async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  const endMs = Date.now() + 300_000;
  while (Date.now() < endMs) {
    const found = await look().catch((error) => {
      if (error instanceof Error && Date.now() > endMs - 1_000) throw error;
      return undefined;
    });
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.fail(`never: ${what}`);
}

real(
  "a control plane of real programs takes the flags, files and manifests",
  async (test) => {
    await using plane = await RealControlPlane.start();
    using kube = plane.client();
    using etcd = plane.store();
    const signal = new AbortController().signal;
    const target = {
      api: plane.api,
      etcd: {
        endpoints: [plane.member.clientUrl],
        ca: plane.etcd.ca.crt,
        client: plane.etcd.leaf,
      },
    };
    const { root } = plane.sources;
    const objects = Object.values(systemManifests(plane.configs["system-manifests"], root))
      .flat() as unknown as KubeObject[];

    await test.step("every manifest is applied, and again without a change", async () => {
      assert.deepEqual(await applyToCluster(applyOrder(objects), target, signal), []);
      const place = { ...KUBE_SYSTEM, name: "coredns" };
      const first = await kube.find(TYPES.deployments, place);
      assert.ok(first);
      assert.deepEqual(await applyToCluster(applyOrder(objects), target, signal), []);
      const second = await kube.find(TYPES.deployments, place);
      assert.equal(second?.metadata.resourceVersion, first.metadata.resourceVersion);
      const { items } = await kube.list(TYPES.daemonSets, KUBE_SYSTEM);
      assert.deepEqual(items.map(({ metadata }) => metadata.name), ["kube-flannel", "kube-proxy"]);
    });

    await test.step("what somebody changed on purpose stays, and is told", async () => {
      const place = { ...KUBE_SYSTEM, name: "coredns" };
      await kube.patch(TYPES.deployments, place, { spec: { replicas: 3 } });
      const kept = await applyToCluster(applyOrder(objects), target, signal);
      assert.equal(kept.length, 1);
      assert.match(
        kept[0] ?? "",
        /^Deployment kube-system\/coredns stays as it is: .*\.spec\.replicas/,
      );
    });

    await test.step("a kind that is defined beside its objects comes before them", async () => {
      const extra = applyOrder(parseManifest(WITH_NEW_KIND, "extra.yaml"));
      await until(async () => (await applyToCluster(extra, target, signal), true), "the new kind");
      const widgets = { apiVersion: "example.org/v1", plural: "widgets", namespaced: true };
      assert.ok(await kube.find(widgets, { namespace: "extra", name: "w" }));
    });

    await test.step("secrets are encrypted in etcd", async () => {
      const name = `bootstrap-token-${root.bootstrapTokenID}`;
      const { value } = await readKey(etcd, `/registry/secrets/kube-system/${name}`);
      assert.match(value ?? "", /^k8s:enc:aescbc:v1:key1:/);
    });

    await test.step("the controllers start with rights of their own", async () => {
      plane.runControllers();
      await until(
        () => kube.find(ACCOUNTS, { namespace: "default", name: "default" }),
        "the account that the controller manager makes",
      );
      for (const name of ["kube-controller-manager", "kube-scheduler"]) {
        await until(() => kube.find(LEASES, { ...KUBE_SYSTEM, name }), `the lease of ${name}`);
      }
    });

    await test.step("etcd's members are found beside the API servers", async () => {
      const state = new MemoryState();
      await state.create(RootSecrets, ROOT_ETCD, plane.sources.rootEtcd);
      await state.create(RootSecrets, ROOT_K8S, { ...root, endpoint: plane.api.url });
      await state.create(EtcdSecrets, ETCD_SECRETS, plane.sources.etcd);
      await state.create(KubernetesSecrets, K8S_CERTS, plane.sources.certificates);
      const addresses: string[] = [];
      const access = new EtcdAccess({ state, addresses: () => addresses });
      const others = await until(async () => {
        const found = await access.others(signal);
        return found.length > 0 ? found : undefined;
      }, "the endpoints of the API server");
      assert.deepEqual(others, ["https://10.5.0.2:2379"]);
      addresses.push("10.5.0.2");
      assert.deepEqual(await access.others(signal), []);
    });

    await test.step("a privileged pod is refused outside of kube-system", async () => {
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "bad" },
        spec: {
          containers: [{ name: "c", image: "none", securityContext: { privileged: true } }],
        },
      };
      await assert.rejects(kube.create(TYPES.pods, { namespace: "default" }, pod), (error) => {
        assert.ok(error instanceof KubeError && isRefusal(error, "Forbidden"));
        assert.match(error.message, /violates PodSecurity "baseline:latest": privileged/);
        return true;
      });
      await kube.create(TYPES.pods, KUBE_SYSTEM, pod);
    });

    await test.step("a watch tells what is there, then what changes", async () => {
      const over = new AbortController();
      const seen: string[] = [];
      for await (
        const { type, object } of kube.watch(TYPES.pods, { ...KUBE_SYSTEM, signal: over.signal })
      ) {
        if (object.metadata.name !== "bad") continue;
        seen.push(type);
        if (type === "ADDED") await kube.delete(TYPES.pods, { ...KUBE_SYSTEM, name: "bad" });
        if (type === "DELETED") break;
      }
      over.abort();
      assert.equal(seen[0], "ADDED");
      assert.equal(seen.at(-1), "DELETED");
    });
  },
);

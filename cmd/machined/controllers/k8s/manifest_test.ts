import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  type ExtraManifestsConfig,
  KubernetesControlPlaneConfig,
  Manifest,
  Service,
  type SystemManifestsConfig,
} from "$lib/resources/mod.ts";
import { controlPlaneConfigs } from "../config/control_plane_configs.ts";
import { putControlPlane, testConfig, testSecrets, withCluster } from "../testing.ts";
import { ExtraManifestController, UserManifest } from "./extra_manifest.ts";
import { fetchText } from "./fetch_text.ts";
import { ManifestController } from "./manifest.ts";
import { systemManifests } from "./manifests/manifests.ts";
import { applyOrder } from "./manifests/order.ts";
import { parseManifest } from "./manifests/parse.ts";

async function manifestConfig(
  cluster: Parameters<typeof withCluster>[1] = {},
): Promise<SystemManifestsConfig> {
  const configs = controlPlaneConfigs(withCluster(await testConfig(), cluster).config);
  return (configs as Record<string, unknown>)["system-manifests"] as SystemManifestsConfig;
}

const ALWAYS = [
  "00-kubelet-bootstrapping-token",
  "01-csr-approver-role-binding",
  "01-csr-node-bootstrap",
  "01-csr-renewal-role-binding",
  "02-kube-system-sa-role-binding",
];

for (
  const { name, cluster, want } of [
    {
      name: "has network, proxy and name service",
      cluster: {},
      want: [
        "05-flannel",
        "10-kube-proxy",
        "11-core-dns",
        "11-core-dns-svc",
        "11-kube-config-in-cluster",
      ],
    },
    {
      name: "leaves out what the configuration does",
      cluster: {
        proxy: { disabled: true },
        network: {
          cni: { name: "custom" },
          dnsDomain: "",
          podSubnets: ["10.1.0.0/16"],
          serviceSubnets: ["fc00:1::/108"],
        },
      },
      want: ["11-core-dns", "11-core-dns-v6-svc", "11-kube-config-in-cluster"],
    },
  ]
) {
  Deno.test(`systemManifests() ${name}`, async () => {
    const { root } = await testSecrets();
    const manifests = systemManifests(await manifestConfig(cluster), root);
    assert.deepEqual(Object.keys(manifests).sort(), [...ALWAYS, ...want]);
  });
}

Deno.test("systemManifests() are as the golden file has them", async () => {
  const { root } = await testSecrets();
  const token = { bootstrapTokenID: "abcdef", bootstrapTokenSecret: "0123456789abcdef" };
  const manifests = systemManifests(await manifestConfig(), { ...root, ...token });
  const golden = new URL("testdata/manifests.json", import.meta.url);
  const text = JSON.stringify(manifests, null, 2) + "\n";
  if (Deno.env.has("UPDATE_GOLDEN")) await Deno.writeTextFile(golden, text);
  assert.equal(text, await Deno.readTextFile(golden));
});

Deno.test("ManifestController drops kube-proxy once the configuration does", async () => {
  await using world = new ControllerWorld(new ManifestController());
  await putControlPlane(world);
  await world.until(Manifest, "10-kube-proxy");
  const without = await manifestConfig({ proxy: { disabled: true } });
  await world.put(KubernetesControlPlaneConfig, "system-manifests", without);
  await world.until(Manifest, "10-kube-proxy", (spec) => spec === undefined);
  assert.ok(await world.find(Manifest, "11-core-dns"));
});

const TWO = `
apiVersion: v1
kind: Namespace
metadata: { name: a }
---
# nothing
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: { name: b, namespace: a }
`;

Deno.test("ExtraManifestController fetches with headers, once, and tells what it cannot fetch", async () => {
  const seen: string[] = [];
  let broken = true;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    seen.push(`${pathname} ${request.headers.get("token")}`);
    if (pathname === "/bad.yaml" && broken) return new Response("kind: [", { status: 200 });
    return new Response(TWO);
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  const source = (path: string) => ({
    url: `${base}${path}`,
    priority: "99",
    extraHeaders: { token: "t" },
  });
  const config: ExtraManifestsConfig = {
    extraManifests: [source("/good.yaml"), source("/bad.yaml")],
  };
  await using world = new ControllerWorld(new ExtraManifestController({ fetchText }));
  await world.put(KubernetesControlPlaneConfig, "extra-manifests", config);
  await world.settled();
  assert.deepEqual(seen, []);
  await world.put(Service, "networkd", { running: true, healthy: true });
  const objects = await world.until(UserManifest, `99-${base}/good.yaml`);
  assert.deepEqual(objects?.map(({ kind }) => kind), ["Namespace", "ConfigMap"]);
  while (!world.lines.some((line) => line.includes("Cannot read manifest"))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(world.lines.some((line) => line.includes("token")), false);
  broken = false;
  await world.until(UserManifest, `99-${base}/bad.yaml`);
  assert.equal(seen.filter((line) => line === "/good.yaml t").length, 1);
});

for (
  const [name, text, message] of [
    ["a scalar", "just text", /document 1: it is not a mapping/],
    ["no kind", "apiVersion: v1", /"kind" is missing/],
    ["no name", "apiVersion: v1\nkind: Pod", /"metadata.name" of Pod is missing/],
    ["broken YAML", "a: [", /Cannot read manifest "x"/],
  ] as const
) {
  Deno.test(`parseManifest() refuses ${name}`, () => {
    assert.throws(() => parseManifest(text, "x"), message);
  });
}

Deno.test("applyOrder() puts namespaces and kinds first, and keeps the order of the rest", () => {
  const kinds = ["Pod", "CustomResourceDefinition", "Namespace", "ConfigMap"];
  const objects = kinds.map((kind) => ({ apiVersion: "v1", kind, metadata: { name: "x" } }));
  assert.deepEqual(applyOrder(objects).map(({ kind }) => kind), [
    "Namespace",
    "CustomResourceDefinition",
    "Pod",
    "ConfigMap",
  ]);
});

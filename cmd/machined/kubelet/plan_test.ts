import assert from "node:assert/strict";
import {
  createSecrets,
  generateConfigs,
  type MachineConfig,
  parseConfig,
} from "$lib/config/mod.ts";
import { parse } from "yaml";
import { kubeletPlan, nodeName } from "./plan.ts";

const secrets = await createSecrets({ now: new Date() });
const generated = generateConfigs({
  clusterName: "test",
  endpoint: "https://10.5.0.2:6443",
  secrets,
  installDisk: "/dev/vda",
});

function config(more: Partial<MachineConfig["machine"]["kubelet"]> = {}): MachineConfig {
  const { config } = parseConfig(generated.join);
  assert.ok(config);
  const { machine } = config;
  return {
    ...config,
    machine: { ...machine, kubelet: { ...machine.kubelet, ...more } },
  } as MachineConfig;
}

function file(path: string, of = config()): { text: string; mode: number } {
  const found = kubeletPlan(of, "node-a").files.find((entry) => entry.path === path);
  assert.ok(found, path);
  return found;
}

Deno.test("kubeletPlan() gives the kubelet its certificate authority and a token to ask with", () => {
  assert.match(file("/etc/kubernetes/pki/ca.crt").text, /^-----BEGIN CERTIFICATE-----\n/);
  const { text, mode } = file("/etc/kubernetes/bootstrap-kubeconfig");
  assert.equal(mode, 0o600);
  const kubeconfig = parse(text);
  assert.equal(kubeconfig.clusters[0].cluster.server, "https://10.5.0.2:6443");
  assert.equal(kubeconfig.users[0].user.token, config().cluster.token);
  const ca = new TextDecoder().decode(
    Uint8Array.fromBase64(kubeconfig.clusters[0].cluster["certificate-authority-data"]),
  );
  assert.equal(ca, config().cluster.ca?.crt);
});

Deno.test("kubeletPlan() writes a configuration that lets nobody in without a name", () => {
  const { text, mode } = file("/etc/kubernetes/kubelet.yaml");
  assert.equal(mode, 0o600);
  const kubelet = parse(text);
  assert.equal(kubelet.authentication.anonymous.enabled, false);
  assert.equal(kubelet.authorization.mode, "Webhook");
  assert.deepEqual(kubelet.clusterDNS, ["10.96.0.10"]);
  assert.equal(kubelet.clusterDomain, "cluster.local");
});

Deno.test("kubeletPlan() adds the user's flags, with or without their dashes", () => {
  const extraArgs = { "v": "4", "--node-labels": "a=b" };
  const { args } = kubeletPlan(config({ extraArgs }), "node-a").spec;
  assert.equal(args[0], "kubelet");
  assert.deepEqual(args.slice(-3), ["--hostname-override=node-a", "--v=4", "--node-labels=a=b"]);
});

Deno.test("kubeletPlan() adds the user's mounts and makes their directories", () => {
  const extraMounts = [
    { destination: "/data", source: "/var/data", type: "bind", options: ["rshared", "rw"] },
    { destination: "/scratch", source: "tmpfs", type: "tmpfs", options: [] },
  ];
  const plan = kubeletPlan(config({ extraMounts }), "node-a");
  assert.deepEqual(plan.spec.mounts?.slice(-2), [
    extraMounts[0],
    { destination: "/scratch", source: "tmpfs", type: "tmpfs" },
  ]);
  assert.deepEqual(plan.directories, ["/etc/kubernetes/manifests", "/var/data"]);
});

const NAMES: readonly [hostname: string, fqdn: boolean, want: string][] = [
  ["Node-A", false, "node-a"],
  ["node-a.example.org", false, "node-a"],
  ["node-a.example.org", true, "node-a.example.org"],
];
for (const [hostname, registerWithFQDN, want] of NAMES) {
  Deno.test(`nodeName() of ${hostname} is ${want}, FQDN ${registerWithFQDN}`, () => {
    assert.equal(nodeName(config({ registerWithFQDN }), hostname), want);
  });
}

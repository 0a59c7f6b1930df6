import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  Endpoint,
  KUBERNETES_ENDPOINT,
  MACHINE_TYPE,
  MachineType,
  Service,
} from "$lib/resources/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";
import { putControlPlane } from "../testing.ts";
import { KUBELET_KUBECONFIG, kubeletTarget } from "./control_planes.ts";
import { EndpointController } from "./endpoint.ts";

function outside() {
  const asked: SecureTarget[] = [];
  const it = {
    asked,
    kubelet: undefined as SecureTarget | undefined,
    addresses: [] as string[],
    deps: {
      asKubelet: () => Promise.resolve(it.kubelet),
      list(target: SecureTarget) {
        asked.push(target);
        return it.addresses.length > 0
          ? Promise.resolve(it.addresses)
          : Promise.reject(new Error("nobody answers"));
      },
    },
  };
  return it;
}

Deno.test("EndpointController of a worker asks as the kubelet does, once that has registered", async () => {
  const it = outside();
  await using world = new ControllerWorld(new EndpointController(it.deps));
  await world.put(MachineType, MACHINE_TYPE, "join");
  await world.settled();
  assert.equal(it.asked.length, 0);
  it.kubelet = { url: "https://10.5.0.1:6443" };
  it.addresses = ["10.5.0.3", "10.5.0.2"];
  await world.put(Service, "kubelet", { running: true, healthy: true });
  const endpoint = await world.until(Endpoint, KUBERNETES_ENDPOINT);
  assert.deepEqual(endpoint, { addresses: ["10.5.0.2", "10.5.0.3"] });
});

Deno.test("EndpointController keeps what it knows while no API server answers", async () => {
  const it = outside();
  it.addresses = ["10.5.0.2"];
  await using world = new ControllerWorld(new EndpointController(it.deps));
  await putControlPlane(world);
  await world.put(MachineType, MACHINE_TYPE, "controlplane");
  await world.until(Endpoint, KUBERNETES_ENDPOINT);
  assert.match(it.asked[0]?.client?.crt ?? "", /BEGIN CERTIFICATE/);
  it.addresses = [];
  const before = it.asked.length;
  await world.put(Service, "kubelet", { running: true, healthy: true });
  while (it.asked.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  await world.settled();
  assert.deepEqual(await world.find(Endpoint, KUBERNETES_ENDPOINT), { addresses: ["10.5.0.2"] });
});

Deno.test("kubeletTarget() reads the kubelet's own kubeconfig and the certificate that it names", async () => {
  const block = (label: string) => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;
  const files: Record<string, string> = {};
  const read = (path: string): Promise<string> => {
    const text = files[path];
    if (text === undefined) return Promise.reject(new Deno.errors.NotFound(path));
    return Promise.resolve(text);
  };
  assert.equal(await kubeletTarget(read), undefined);
  files[KUBELET_KUBECONFIG] = [
    "clusters:",
    "- cluster:",
    `    certificate-authority-data: ${new TextEncoder().encode("CA").toBase64()}`,
    "    server: https://10.5.0.1:6443",
    "users:",
    "- user:",
    "    client-certificate: /pki/current.pem",
    "    client-key: /pki/current.pem",
  ].join("\n");
  assert.equal(await kubeletTarget(read), undefined, "the certificate is not there yet");
  files["/pki/current.pem"] = block("CERTIFICATE") + block("EC PRIVATE KEY");
  assert.deepEqual(await kubeletTarget(read), {
    url: "https://10.5.0.1:6443",
    ca: "CA",
    client: { crt: block("CERTIFICATE"), key: block("EC PRIVATE KEY") },
  });
});

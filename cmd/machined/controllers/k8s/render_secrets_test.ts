import assert from "node:assert/strict";
import { ControllerWorld } from "$lib/cosi/testing.ts";
import {
  K8S_CERTS,
  KubernetesSecrets,
  ROOT_K8S,
  RootSecrets,
  SecretStatus,
  STATIC_POD_SECRETS,
} from "$lib/resources/mod.ts";
import { scratch } from "../../api/testing.ts";
import { putControlPlane, testSecrets } from "../testing.ts";
import { RenderSecretsStaticPodController } from "./render_secrets.ts";
import { secretFiles } from "./secrets/files.ts";

Deno.test("RenderSecretsStaticPodController writes what pods read, and counts its changes", async () => {
  await using dir = await scratch();
  const controller = new RenderSecretsStaticPodController({ secrets: { directory: dir.path } });
  await using world = new ControllerWorld(controller);
  await putControlPlane(world);
  await world.until(SecretStatus, STATIC_POD_SECRETS, (spec) => spec?.version === "1");
  const modes: Record<string, string[]> = {};
  for await (const { name: component } of Deno.readDir(dir.path)) {
    const path = `${dir.path}/${component}`;
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o755);
    modes[component] = [];
    for await (const { name } of Deno.readDir(path)) {
      assert.equal((await Deno.stat(`${path}/${name}`)).mode! & 0o777, 0o400, name);
      modes[component].push(name);
    }
    modes[component].sort();
  }
  assert.deepEqual(modes, {
    "kube-apiserver": [
      "admission-control-config.yaml",
      "aggregator-ca.crt",
      "apiserver-kubelet-client.crt",
      "apiserver-kubelet-client.key",
      "apiserver.crt",
      "apiserver.key",
      "auditpolicy.yaml",
      "ca.crt",
      "encryptionconfig.yaml",
      "etcd-client-ca.crt",
      "etcd-client.crt",
      "etcd-client.key",
      "front-proxy-client.crt",
      "front-proxy-client.key",
      "service-account.key",
      "service-account.pub",
    ],
    "kube-controller-manager": ["ca.crt", "ca.key", "kubeconfig", "service-account.key"],
    "kube-scheduler": ["kubeconfig"],
  });
  // A stranger in the directory goes, new certificates come, and that is one change.
  await Deno.writeTextFile(`${dir.path}/kube-scheduler/stale`, "");
  await world.put(KubernetesSecrets, K8S_CERTS, (await testSecrets()).certificates);
  await world.until(SecretStatus, STATIC_POD_SECRETS, (spec) => spec?.version === "2");
  await assert.rejects(Deno.stat(`${dir.path}/kube-scheduler/stale`), Deno.errors.NotFound);
  await world.remove(RootSecrets, ROOT_K8S);
  await world.until(SecretStatus, STATIC_POD_SECRETS, (spec) => spec === undefined);
});

Deno.test("secretFiles() gives each component only its own keys, and the API server next to it", async () => {
  const secrets = await testSecrets();
  const files = secretFiles({ ...secrets, localPort: 7443 });
  const scheduler = files["kube-scheduler"].kubeconfig ?? "";
  assert.match(scheduler, /server: https:\/\/127\.0\.0\.1:7443/);
  assert.match(scheduler, /name: system:kube-scheduler@test/);
  const keysIn = (component: keyof typeof files) =>
    Object.values(files[component]).filter((text) => text.includes(secrets.root.ca.key)).length;
  assert.deepEqual([keysIn("kube-apiserver"), keysIn("kube-controller-manager")], [0, 1]);
  assert.match(files["kube-apiserver"]["service-account.pub"] ?? "", /BEGIN PUBLIC KEY/);
  const encryption = files["kube-apiserver"]["encryptionconfig.yaml"] ?? "";
  assert.ok(encryption.includes(secrets.root.aesCBCEncryptionSecret));
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { ociImage } from "../oci/image.ts";
import { OciLayout } from "../oci/layout.ts";
import { Scratch } from "../testing.ts";
import { isOnPath } from "../tools.ts";
import {
  applyPatch,
  createSecrets,
  encodeConfig,
  generateConfig,
  IMAGES,
  parseConfig,
  parsePatch,
  validateConfig,
} from "$lib/config/mod.ts";
import { RegistryClient } from "./client.ts";
import { fillRegistry, hostsOf } from "./fill.ts";
import { registryPatch } from "./patch.ts";
import { localRegistry, stopRegistry } from "./server.ts";

const installed = await isOnPath("docker-registry");

async function builtImage(directory: string, name: string, text: string) {
  const layout = new OciLayout(directory);
  const image = ociImage(new TextEncoder().encode(text), { entrypoint: ["/one"] });
  await layout.put(name, image);
  return { name, layout, manifest: image.manifest, sizeBytes: text.length };
}

Deno.test({
  name: "localRegistry() serves over TLS what fillRegistry() pushes, and is found again" +
    (installed ? "" : " (needs docker-registry)"),
  ignore: !installed,
  async fn() {
    await using scratch = await Scratch.make();
    const directory = join(scratch.path, "registry");
    const { endpoint, ca } = await localRegistry(directory);
    try {
      assert.equal((await localRegistry(directory)).endpoint, endpoint);
      assert.equal((await Deno.stat(join(directory, "tls.key"))).mode! & 0o777, 0o600);
      using client = new RegistryClient(endpoint, ca);
      const said: string[] = [];
      const fill = async (text: string) => {
        const image = await builtImage(join(scratch.path, text), "a.io/some/one:v1", text);
        await fillRegistry(client, [image], (line) => said.push(line));
        return image.manifest.digest;
      };
      assert.equal(await client.digestOf("some/one", "v1"), undefined);
      const first = await fill("first");
      assert.equal(await client.digestOf("some/one", "v1"), first);
      await fill("first");
      assert.equal(said.length, 1, "what is there is not pushed again");
      assert.equal(await client.digestOf("some/one", "v1"), first);
      assert.notEqual(await fill("second"), first);
      assert.equal(said.length, 2);

      using stranger = new RegistryClient(endpoint);
      assert.equal(await stranger.answers(), false, "its CA is its own");
    } finally {
      assert.equal(await stopRegistry(directory), true);
    }
  },
});

Deno.test("stopRegistry() leaves a process alone that took the number of one that ended", async () => {
  await using scratch = await Scratch.make();
  await Deno.writeTextFile(join(scratch.path, "registry.pid"), `${Deno.pid}\n`);
  assert.equal(await stopRegistry(scratch.path), false);
});

Deno.test("hostsOf() names each public registry once", () => {
  assert.deepEqual(hostsOf(["b.io/x:1", "a.io/y:1", "b.io/z/w:2"]), ["a.io", "b.io"]);
});

Deno.test("registryPatch() makes a generated configuration trust the registry as a mirror of each", async () => {
  const secrets = await createSecrets({ now: new Date() });
  const generated = generateConfig("controlplane", {
    clusterName: "demo",
    endpoint: "https://127.0.0.1:6443",
    secrets,
  });
  const patch = parsePatch(registryPatch({ port: 5001, ca: secrets.ca.crt }, [IMAGES.etcd]));
  const parsed = parseConfig(applyPatch(encodeConfig(generated), patch));
  assert.deepEqual(validateConfig(parsed, { mode: "metal" }).errors, []);
  const { mirrors, config } = parsed.config?.machine.registries ?? {};
  assert.deepEqual(mirrors, { "registry.k8s.io": { endpoints: ["https://10.0.2.2:5001"] } });
  assert.equal(config?.["10.0.2.2:5001"]?.tls?.ca, secrets.ca.crt);
});

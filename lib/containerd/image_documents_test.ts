import assert from "node:assert/strict";
import { chainId, configIn, imageConfig, manifestIn } from "./image_documents.ts";

const INDEX = JSON.stringify({
  manifests: [
    { digest: "sha256:a", platform: { os: "linux", architecture: "arm64" } },
    { digest: "sha256:b", platform: { os: "linux", architecture: "amd64" } },
    { digest: "sha256:c" },
  ],
});

Deno.test("manifestIn() picks the architecture's manifest of an index", () => {
  assert.equal(manifestIn(INDEX, "amd64"), "sha256:b");
  assert.equal(manifestIn(JSON.stringify({ config: { digest: "sha256:d" } }), "amd64"), undefined);
});

Deno.test("manifestIn() names the architecture that an index lacks", () => {
  const index = JSON.stringify({ manifests: [{ digest: "sha256:c" }] });
  assert.throws(() => manifestIn(index, "amd64"), /no manifest for linux\/amd64/);
});

Deno.test("configIn() gives the digest of the configuration", () => {
  assert.equal(configIn(JSON.stringify({ config: { digest: "sha256:d" } })), "sha256:d");
  assert.throws(() => configIn("{}"), /its manifest has no config/);
});

Deno.test("imageConfig() gives layers and process, with defaults where it is silent", () => {
  assert.deepEqual(imageConfig('{"rootfs":{"diff_ids":["sha256:1"]}}'), {
    diffIds: ["sha256:1"],
    process: {
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      cwd: "/",
    },
  });
  const config = {
    rootfs: { diff_ids: ["sha256:1"] },
    config: { Env: ["A=1", "PATH=/x"], WorkingDir: "/w" },
  };
  const { process } = imageConfig(JSON.stringify(config));
  assert.deepEqual(process, { env: ["A=1", "PATH=/x"], cwd: "/w" });
  assert.throws(() => imageConfig("{}"), /names no layers/);
});

Deno.test("chainId() of one layer is its digest, of two the hash over both", async () => {
  assert.equal(await chainId(["sha256:1"]), "sha256:1");
  // printf 'sha256:1 sha256:2' | sha256sum
  assert.equal(
    await chainId(["sha256:1", "sha256:2"]),
    "sha256:86095f8fe4f778dd9cd1eaa8351228c07b0476d1635c04d136b40abfd6fa0fef",
  );
});

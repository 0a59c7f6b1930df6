/** Installer images in a real containerd, pulled from a registry and looked at before anything of them runs. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Containerd, ociSpec } from "$lib/containerd/mod.ts";
import { FdPoller } from "$ffi/poller.ts";
import { outputPipes } from "../containers/pipes.ts";
import { ContainerdRig, imageOf, rigFault, serveImage } from "../containers/testing.ts";
import { Installer, installerContainer, mountOf } from "./installer.ts";

const fault = rigFault();
const SIGNAL = AbortSignal.timeout(240_000);
const encode = (text: string) => new TextEncoder().encode(text);

/** The files of an installer, and the key that they are signed with. */
async function installerFiles() {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { publicKey, privateKey } = pair as CryptoKeyPair;
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const key = `-----BEGIN PUBLIC KEY-----\n${der.toBase64()}\n-----END PUBLIC KEY-----\n`;
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    "usr/install/amd64/boot.efi": encode("boot"),
    "usr/install/amd64/systemd-bootx64.efi": encode("loader"),
    "usr/install/installer.js": encode("program"),
  };
  const parts = Object.entries(files).map(([path, bytes]) => ({
    name: path.split("/").at(-1),
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  }));
  const verity = { rootHash: "0".repeat(64), salt: "", blockSizeBytes: 4096, dataBlocks: 1 };
  const manifest = encode(JSON.stringify({
    ...{
      schema: 1,
      version: "v2",
      arch: "amd64",
      layout: "portable",
      kernel: "6.1",
      verity,
      parts,
    },
  }));
  const signature = await crypto.subtle.sign("Ed25519", privateKey, manifest);
  files["usr/install/amd64/manifest.json"] = manifest;
  files["usr/install/amd64/manifest.json.sig"] = new Uint8Array(signature);
  return { files, key };
}

/** An installer of a machine with this key, in a containerd of its own. */
async function withInstaller(
  files: Readonly<Record<string, Uint8Array>>,
  key: string,
  work: (installer: Installer, containerd: Containerd) => Promise<void>,
): Promise<void> {
  await using rig = await ContainerdRig.start();
  const registry = serveImage(await imageOf(files));
  await rig.mirror("registry.test", registry.port);
  using containerd = new Containerd(rig.socket, "system");
  try {
    const installer = new Installer({
      containerd,
      images: { hostsDirectory: rig.hosts, architecture: "amd64" },
      pipes: outputPipes(`${rig.directory}/pipes`, new FdPoller()),
      signingKey: () => Promise.resolve(key),
      firmware: () => undefined,
      view: `${rig.directory}/view`,
      log: () => {},
    });
    await work(installer, containerd);
  } finally {
    await registry.close();
  }
}

function native(name: string, fn: () => Promise<void>): void {
  const title = fault === undefined ? name : `${name} (skipped: ${fault})`;
  // The poller's thread lives as long as the process.
  const lasting = { sanitizeOps: false, sanitizeResources: false };
  Deno.test({ name: title, ignore: fault !== undefined, fn, ...lasting });
}

native("Installer.fetch() takes an image that this machine's key has signed", async () => {
  const { files, key } = await installerFiles();
  await withInstaller(files, key, async (installer) => {
    const reference = "registry.test/installer:v1";
    assert.deepEqual(await installer.fetch(reference, SIGNAL), { reference, version: "v2" });
  });
});

native(
  "Installer.fetch() refuses others with a sentence each, and keeps nothing of them",
  async () => {
    const { files, key } = await installerFiles();
    const changed = { ...files, "usr/install/installer.js": encode("Program") };
    await withInstaller(changed, key, async (installer, containerd) => {
      await assert.rejects(installer.fetch("registry.test/installer:v1", SIGNAL), {
        message: 'error validating installer image "registry.test/installer:v1": its release is ' +
          "corrupt: installer.js has another SHA-256 than the signed one",
      });
      await assert.rejects(
        installer.fetch("registry.test/installer:missing", SIGNAL),
        /^Error: error validating installer image "registry\.test\/installer:missing": Cannot pull/,
      );
      assert.deepEqual((await containerd.images.list({})).images, []);
    });
  },
);

Deno.test("mountOf() shows one layer by a bind, several by an overlay, both read-only", () => {
  const bind = { type: "bind", source: "/a/fs", options: ["ro", "rbind"] };
  assert.deepEqual(mountOf(bind, "/view"), {
    ...{ source: "/a/fs", target: "/view", type: "", flags: 4096 | 4 | 2, data: "" },
  });
  const overlay = { type: "overlay", source: "overlay", options: ["index=off", "lowerdir=/a:/b"] };
  assert.deepEqual(mountOf(overlay, "/view"), {
    ...{ source: "overlay", target: "/view", type: "overlay", flags: 1 | 4 | 2 },
    data: "index=off,lowerdir=/a:/b",
  });
});

Deno.test("installerContainer() holds one capability and disks, and loads nothing of the image but its program", () => {
  const container = installerContainer(["install", "--disk", "/dev/vda"]);
  assert.deepEqual(container.capabilities, ["CAP_SYS_ADMIN"]);
  assert.equal(container.privileged, undefined);
  const covered = container.mounts?.map(({ destination }) => destination) ?? [];
  for (const path of ["/usr/bin", "/usr/sbin", "/usr/lib", "/lib", "/lib64", "/etc"]) {
    assert.ok(covered.includes(path), path);
  }
  const spec = ociSpec(container, { env: ["LD_PRELOAD=/evil.so"], cwd: "/" }) as {
    process: { args: string[]; env: string[]; noNewPrivileges: boolean };
    linux: { resources: { devices: unknown[] } };
  };
  assert.equal(spec.process.args.includes("/usr/install/installer.js"), true);
  assert.equal(spec.process.noNewPrivileges, true);
  assert.ok(!spec.process.env.some((line) => line.startsWith("LD_PRELOAD=/")));
  assert.deepEqual(spec.linux.resources.devices, [
    { allow: false, access: "rwm" },
    { allow: true, type: "b", access: "rw" },
  ]);
});

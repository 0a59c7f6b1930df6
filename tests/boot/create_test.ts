/**
 * `talosctl cluster create` with machines that boot by themselves, from a disk image, from a CD and over
 * the network, each until it runs from its own disk; and with one that QEMU hands the kernel.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import { buildDisk } from "../../mkimage/assets/disk.ts";
import { buildIso } from "../../mkimage/assets/iso.ts";
import { buildPxe } from "../../mkimage/assets/pxe.ts";
import { parseLock } from "../../mkimage/lock.ts";
import type { BuiltImage } from "../../mkimage/oci/build.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { bootTest } from "./boot_test_case.ts";
import { builtManifest } from "./built_manifest.ts";
import { diskMissing } from "./disk_image.ts";
import {
  installerOf,
  REGISTRY,
  REPOSITORY,
  type ServedInstallers,
  serveInstallers,
} from "./installers.ts";
import { DIST, EVENT_MS, KERNEL_FLAGS, until } from "./node.ts";
import { Talosctl } from "./talosctl.ts";

const unless = await diskMissing();
const CREATE = ["cluster", "create", "--skip-kubernetes", "--accelerator", "tcg"];

let directory: string;
let user: Talosctl;
let registry: ServedInstallers | undefined;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "create-test-" });
  user = await Talosctl.make("");
});

Deno.test.afterEach(async () => {
  await user.run(["cluster", "destroy"]);
});

Deno.test.afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await user[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

async function common(name: string) {
  return {
    ...{ image: DIST, output: join(directory, name), cache: CACHE, say: () => {} },
    ...{ extraArguments: EMULATED_ARGUMENTS, lock: parseLock(await Deno.readTextFile(LOCK_FILE)) },
  };
}

/** The flags by which machines get this release's installer from this host. */
async function installing(): Promise<string[]> {
  const { version: tag } = await builtManifest();
  const images: Record<string, BuiltImage> = {
    [tag]: await installerOf(DIST, join(directory, "installer")),
  };
  registry ??= serveInstallers(images);
  return [
    ...["--install-image", `${REPOSITORY}:${tag}`],
    ...["--registry-mirror", `${REGISTRY}=${registry.endpoint}`],
  ];
}

/** Whether the machine that was created runs from slot A of its own disk, and can be ended. */
async function runsFromDisk(): Promise<void> {
  const { version } = await builtManifest();
  const status = await user.print(["get", "upgradestatus"]);
  assert.match(status, new RegExp(`${version} +A +permanent`));
  assert.equal(await user.print(["read", "/proc/sys/kernel/hostname"]), "talos-default-master-1\n");
  assert.match(await user.print(["read", "/proc/mounts"]), /^\/dev\/vda3 \/system\/state xfs /m);
  await user.print(["cluster", "destroy"]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join(user.home, ".talos/clusters"))), []);
}

bootTest(
  "cluster create gives a machine disks, encrypts its own, and applies its configuration",
  async () => {
    await user.print([
      ...[...CREATE, ...KERNEL_FLAGS, "--skip-injecting-config", "--with-apply-config"],
      ...["--encrypt-state", "--encrypt-ephemeral", "--user-disk", "/var/mnt/data:200MB"],
    ]);
    assert.doesNotMatch(await user.print(["read", "/proc/cmdline"]), /talos\.config/);
    // The API answers before all is mounted.
    await until(async () => {
      const mounts = await user.print(["read", "/proc/mounts"]);
      assert.match(mounts, /^\/dev\/dm-\d+ \/system\/state xfs /m);
      assert.match(mounts, /^\/dev\/dm-\d+ \/var xfs /m);
      assert.match(mounts, /^\/dev\/vdc1 \/var\/mnt\/data xfs rw,/m);
    }, EVENT_MS);
  },
  { unless },
);

bootTest("cluster create gives a worker its API without Kubernetes", async () => {
  await user.print([...CREATE, ...KERNEL_FLAGS, "--workers", "1"]);
  const both = ["--nodes", "10.0.2.15,10.0.2.16"];
  const types = await user.print([...both, "get", "machinetype"]);
  assert.match(types, /^10\.0\.2\.15 .* controlplane$/m);
  assert.match(types, /^10\.0\.2\.16 .* join$/m);
}, { unless, tier: "long" });

bootTest("cluster create boots a disk image, as large as --disk says", async () => {
  const options = { ...await common("disk.qcow2"), sizeBytes: 1280 * 2 ** 20 };
  await buildDisk({ ...options, format: "qcow2" });
  await user.print([...CREATE, "--disk-image-path", options.output, "--disk", "4096"]);
  assert.match(await user.print(["disks"]), /\/dev\/vda .* 4\.3 GB\n/);
  await runsFromDisk();
}, { unless, tier: "long" });

bootTest("cluster create installs from a CD", async () => {
  const options = await common("node.iso");
  await buildIso(options);
  await user.print([...CREATE, "--iso-path", options.output, ...await installing()]);
  await runsFromDisk();
}, { unless, tier: "long" });

bootTest("cluster create installs over the network", async () => {
  const options = await common("pxe");
  await buildPxe(options);
  await user.print([...CREATE, "--pxe", options.output, ...await installing()]);
  await runsFromDisk();
}, { unless, tier: "long" });

for (
  const { name, asset, build, source, without } of [
    {
      name: "iPXE on machines with a BIOS",
      ...{ asset: "pxe", build: buildPxe, source: "--pxe", without: "--with-uefi=false" },
    },
    {
      name: "a CD on machines without a boot loader",
      ...{ asset: "node.iso", build: buildIso, source: "--iso-path" },
      without: "--with-bootloader=false",
    },
  ]
) {
  bootTest(`cluster create runs from memory by ${name}`, async () => {
    const options = await common(asset);
    await build(options);
    await user.print([...CREATE, source, options.output, without]);
    assert.doesNotMatch(await user.print(["get", "upgradestatus"]), /permanent/);
    const mounts = await user.print(["read", "/proc/mounts"]);
    assert.match(mounts, /^\/dev\/vdb \/system\/state xfs /m);
  }, { unless, tier: "long" });
}

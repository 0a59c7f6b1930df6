import assert from "node:assert/strict";
import { join } from "node:path";
import { parseManifest } from "$lib/image/mod.ts";
import { loadOrder } from "$lib/kmod/mod.ts";
import { DIST } from "../../mkimage/paths.ts";
import { ProgramError, run } from "../../mkimage/run.ts";
import { Scratch } from "../../mkimage/testing.ts";
import { walkTree } from "../../mkimage/tree.ts";
import { noImage, unpackRootfs } from "./built.ts";

const reason = await noImage();
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name: reason ? `${name} (${reason})` : name, ignore: reason !== undefined, fn });

/** Every file that a kernel would run or a program would load as code. A new one is a decision. */
const CODE = [
  "/opt/cni/bin/bridge",
  "/opt/cni/bin/flannel",
  "/opt/cni/bin/host-local",
  "/opt/cni/bin/loopback",
  "/opt/cni/bin/portmap",
  "/usr/bin/containerd",
  "/usr/bin/containerd-shim-runc-v2",
  "/usr/bin/deno",
  "/usr/bin/runc",
  "/usr/lib/x86_64-linux-gnu/libblkid.so.1",
  "/usr/lib/x86_64-linux-gnu/libbsd.so.0",
  "/usr/lib/x86_64-linux-gnu/libc.so.6",
  "/usr/lib/x86_64-linux-gnu/libdl.so.2",
  "/usr/lib/x86_64-linux-gnu/libedit.so.2",
  "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1",
  "/usr/lib/x86_64-linux-gnu/libgmp.so.10",
  "/usr/lib/x86_64-linux-gnu/libinih.so.1",
  "/usr/lib/x86_64-linux-gnu/libjansson.so.4",
  "/usr/lib/x86_64-linux-gnu/libm.so.6",
  "/usr/lib/x86_64-linux-gnu/libmd.so.0",
  "/usr/lib/x86_64-linux-gnu/libmnl.so.0",
  "/usr/lib/x86_64-linux-gnu/libnftables.so.1",
  "/usr/lib/x86_64-linux-gnu/libnftnl.so.11",
  "/usr/lib/x86_64-linux-gnu/libnss_dns.so.2",
  "/usr/lib/x86_64-linux-gnu/libnss_files.so.2",
  "/usr/lib/x86_64-linux-gnu/libpthread.so.0",
  "/usr/lib/x86_64-linux-gnu/libresolv.so.2",
  "/usr/lib/x86_64-linux-gnu/librt.so.1",
  "/usr/lib/x86_64-linux-gnu/libtinfo.so.6",
  "/usr/lib/x86_64-linux-gnu/liburcu.so.8",
  "/usr/lib/x86_64-linux-gnu/libuuid.so.1",
  "/usr/lib/x86_64-linux-gnu/libxtables.so.12",
  "/usr/lib64/ld-linux-x86-64.so.2",
  "/usr/sbin/mkfs.fat",
  "/usr/sbin/mkfs.xfs",
  "/usr/sbin/nft",
];

async function isCode(path: string, mode: number): Promise<boolean> {
  using file = await Deno.open(path);
  const start = new Uint8Array(4);
  await file.read(start);
  const magic = new TextDecoder("latin1").decode(start);
  return (mode & 0o111) !== 0 || magic === "\x7fELF" || magic.startsWith("#!");
}

test("rootfs.sqsh holds no executable but those listed: no shell, no tool, no package manager", async () => {
  await using scratch = await Scratch.make();
  const root = await unpackRootfs(scratch.path);
  const found: string[] = [];
  for (const { path, info } of await walkTree(root)) {
    if (!info.isFile || path.endsWith(".ko")) continue;
    if (await isCode(join(root, path), info.mode ?? 0)) found.push(path);
    assert.equal((info.mode ?? 0) & 0o7022, 0, `${path} is setuid or others may write it`);
  }
  assert.deepEqual(found, CODE);
});

test("rootfs.sqsh has everything of the layers that are mounted over it", async () => {
  await using scratch = await Scratch.make();
  const root = await unpackRootfs(scratch.path);
  const points = [
    ...["dev", "proc", "sys", "run", "tmp", "var", "system", "boot", "etc/kubernetes"],
    ...["etc/cni", "usr/libexec/kubernetes", "usr/etc/udev"],
  ];
  for (const path of points) {
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(root, path))), [], path);
  }
  for (const name of ["hosts", "resolv.conf", "os-release"]) {
    assert.ok((await Deno.lstat(join(root, "etc", name))).isFile, name);
  }
  await assert.rejects(Deno.lstat(join(root, "etc/shadow")), Deno.errors.NotFound);
});

test("rootfs.sqsh keeps a licence of each package, and the bill of materials lists them all", async () => {
  await using scratch = await Scratch.make();
  const root = await unpackRootfs(scratch.path);
  const manifest = parseManifest(await Deno.readTextFile(join(DIST, "manifest.json")));
  const sbom = await Deno.readTextFile(join(root, "usr/share/spdx/image.spdx.json"));
  assert.equal(sbom, await Deno.readTextFile(join(DIST, "sbom.spdx.json")));
  const listed = new Map<string, string>(
    JSON.parse(sbom).packages.map((one: { name: string; versionInfo: string }) =>
      [one.name, one.versionInfo] as const
    ),
  );
  for (const [name, version] of Object.entries(manifest.packages)) {
    assert.equal(listed.get(name), version);
    const folder = name.replace("@", "").replace("/", "-");
    const { size } = await Deno.stat(join(root, "usr/share/doc", folder, "copyright"));
    assert.ok(size > 200, name);
  }
});

test("rootfs.sqsh keeps a licence of each Go module that the bill of materials lists", async () => {
  await using scratch = await Scratch.make();
  const root = await unpackRootfs(scratch.path);
  const sbom = JSON.parse(await Deno.readTextFile(join(DIST, "sbom.spdx.json")));
  const modules = sbom.packages.filter(({ externalRefs }: { externalRefs: Locator[] }) =>
    externalRefs[0]?.referenceLocator.startsWith("pkg:golang/")
  );
  assert.ok(modules.length > 50, `${modules.length} modules`);
  for (const { name, versionInfo } of modules) {
    const folder = join(root, "usr/share/doc/go", `${name}@${versionInfo}`);
    assert.ok((await Array.fromAsync(Deno.readDir(folder))).length > 0, folder);
  }
});

/** How the bill of materials says where a package comes from. */
interface Locator {
  readonly referenceLocator: string;
}

test("rootfs.sqsh indexes its modules: each file is there and each dependency resolves", async () => {
  await using scratch = await Scratch.make();
  const root = await unpackRootfs(scratch.path);
  const manifest = parseManifest(await Deno.readTextFile(join(DIST, "manifest.json")));
  const directory = join(root, "usr/lib/modules", manifest.kernel);
  const index = JSON.parse(await Deno.readTextFile(join(directory, "index.json")));
  const names = Object.keys(index.modules);
  assert.equal(loadOrder(index, names).length, names.length);
  for (const name of names) await Deno.stat(join(directory, index.modules[name].file));
  for (const name of ["overlay", "nf_tables", "vxlan", "wireguard", "dm_crypt", "xfs"]) {
    assert.ok(index.always.includes(name), name);
  }
});

test("rootfs.sqsh is under 80 MB", async () => {
  const { size } = await Deno.stat(join(DIST, "rootfs.sqsh"));
  assert.ok(size < 80e6, `${size} bytes`);
});

test("mkimage verify accepts the built image and refuses it with a flipped byte", async () => {
  await using scratch = await Scratch.make();
  const verify = () =>
    run(Deno.execPath(), ["run", "-A", "mkimage/main.ts", "verify", scratch.path]);
  await run("cp", ["-a", `${DIST}/.`, scratch.path]);
  assert.match(await verify(), /^ok {2}signature of manifest.json\n/);
  using file = await Deno.open(join(scratch.path, "rootfs.sqsh"), { read: true, write: true });
  await file.seek(1_000_000, Deno.SeekMode.Start);
  const byte = new Uint8Array(1);
  await file.read(byte);
  await file.seek(1_000_000, Deno.SeekMode.Start);
  await file.write(Uint8Array.of(byte[0]! ^ 1));
  await assert.rejects(verify(), (error) => {
    assert.ok(error instanceof ProgramError);
    return /Cannot trust rootfs.sqsh: its SHA-256/.test(error.stderr);
  });
});

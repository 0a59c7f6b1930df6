/** Mounts of the early stage, and the move into the new root. */
import { bindMount, mount, type MountRequest, moveMount, moveRoot, MS } from "$ffi/mount.ts";

const { NOSUID, NODEV, NOEXEC } = MS;

const PSEUDO: readonly MountRequest[] = [
  { source: "proc", target: "/proc", type: "proc", flags: NOSUID | NODEV | NOEXEC },
  { source: "sysfs", target: "/sys", type: "sysfs", flags: NOSUID | NODEV | NOEXEC },
  { source: "devtmpfs", target: "/dev", type: "devtmpfs", flags: NOSUID, data: "mode=0755" },
];

/** Writable places of the node: nothing in them outlives a reboot. */
const TMPFS: readonly MountRequest[] = [
  { source: "tmpfs", target: "/run", type: "tmpfs", flags: NOSUID | NODEV, data: "mode=0755" },
  {
    source: "tmpfs",
    target: "/tmp",
    type: "tmpfs",
    flags: NOSUID | NODEV,
    data: "mode=1777,size=64M",
  },
  { source: "tmpfs", target: "/system", type: "tmpfs", flags: NOSUID | NODEV, data: "mode=0711" },
  { source: "tmpfs", target: "/var", type: "tmpfs", flags: NOSUID | NODEV, data: "mode=0755" },
];

/** Where the running image's manifest can be read after the initramfs is gone. */
const IMAGE_DIRECTORY = "/run/image";

/** Mounts /proc, /sys and /dev. */
export function mountPseudo(): void {
  for (const request of PSEUDO) {
    Deno.mkdirSync(request.target, { recursive: true });
    // The kernel may have mounted devtmpfs already; a second mount of it shows the same tree.
    mount(request);
  }
}

/**
 * Makes `newRoot` the root: tmpfs layers in, pseudo filesystems moved along, the initramfs' files
 * unlinked so that their memory returns once this program is replaced.
 */
export function switchRoot(newRoot: string): void {
  for (const request of TMPFS) mount({ ...request, target: newRoot + request.target });
  keepManifest(newRoot);
  for (const target of ["/proc", "/sys", "/dev"]) moveMount(target, newRoot + target);
  const initramfs = Deno.statSync("/").dev;
  unlinkAll("/", initramfs);
  moveRoot(newRoot);
}

function keepManifest(newRoot: string): void {
  const target = newRoot + IMAGE_DIRECTORY;
  Deno.mkdirSync(target, { mode: 0o755 });
  for (const name of ["manifest.json", "manifest.json.sig", "signing.pub"]) {
    Deno.copyFileSync(`/image/${name}`, `${target}/${name}`);
  }
  bindMount(target, target);
}

/** Unlinks files on device `dev` below `directory`; mounts of other devices are left alone. */
function unlinkAll(directory: string, dev: number): void {
  for (const entry of Deno.readDirSync(directory)) {
    const path = directory === "/" ? `/${entry.name}` : `${directory}/${entry.name}`;
    const info = Deno.lstatSync(path);
    if (info.dev !== dev) continue;
    if (info.isDirectory) unlinkAll(path, dev);
    else Deno.removeSync(path);
  }
}

import { join } from "node:path";
import { cpioArchive } from "../../mkimage/cpio.ts";
import { run } from "../../mkimage/run.ts";
import { concat } from "../../mkimage/verity.ts";

/** What the bare init prints when it runs. */
export const BUSYBOX_UP = /busybox runs/;

const INIT = `#!/bin/busybox sh
echo busybox runs
exec /bin/busybox sleep 1000000
`;

/** Fetches a static busybox from Debian's archive into `directory`; gives its path. */
export async function fetchBusybox(directory: string): Promise<string> {
  await run("apt-get", ["-o", "APT::Sandbox::User=root", "download", "busybox-static"], {
    cwd: directory,
  });
  const files = (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name);
  const archive = files.find((name) => name.endsWith(".deb"));
  if (!archive) throw new Error("Cannot fetch busybox-static: apt-get left no file");
  await run("dpkg-deb", ["-x", join(directory, archive), join(directory, "busybox")]);
  return join(directory, "busybox", "bin", "busybox");
}

/** Writes the smallest initramfs that boots: busybox and an init. */
export async function busyboxInitramfs(directory: string): Promise<string> {
  const busybox = await Deno.readFile(await fetchBusybox(directory));
  const output = join(directory, "busybox.cpio");
  const entries = cpioArchive([
    { type: "directory", path: "/dev", mode: 0o755 },
    { type: "directory", path: "/bin", mode: 0o755 },
    { type: "device", path: "/dev/console", mode: 0o600, device: { major: 5, minor: 1 } },
    { type: "file", path: "/bin/busybox", mode: 0o755, content: busybox },
    { type: "file", path: "/init", mode: 0o755, content: new TextEncoder().encode(INIT) },
  ], 0);
  await Deno.writeFile(output, concat([...entries]));
  return output;
}

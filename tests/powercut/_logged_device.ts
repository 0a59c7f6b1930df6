/** A block device of this host whose writes QEMU logs. */
import { attachLoop } from "$ffi/loop.ts";
import { run } from "../../mkimage/run.ts";
import { isOnPath } from "../../mkimage/tools.ts";

/** Why this host has no such device, as an addition to names of tests; nothing when it has. */
export async function loggedMissing(
  filesystem: string,
  ...programs: readonly string[]
): Promise<string> {
  const because = (reason: string) => ` (skipped: ${reason})`;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return because("it takes root");
  const known = await Deno.readTextFile("/proc/filesystems");
  if (!known.split(/\s/).includes(filesystem)) return because(`this kernel has no ${filesystem}`);
  for (const path of ["/dev/fuse", "/dev/loop-control"]) {
    if (!await Deno.stat(path).catch(() => undefined)) return because(`${path} is missing`);
  }
  for (const program of ["qemu-storage-daemon", ...programs]) {
    if (!await isOnPath(program)) return because(`${program} is not installed`);
  }
  return "";
}

/** Makes a file a block device while `work` goes on with it; each change is logged in the file `log`. */
export async function whileLogged<T>(
  file: string,
  log: string,
  work: (device: string) => Promise<T>,
): Promise<T> {
  const shown = `${file}.shown`;
  await Deno.writeFile(shown, new Uint8Array());
  await Deno.writeFile(log, new Uint8Array());
  const daemon = new Deno.Command("qemu-storage-daemon", {
    args: [
      ...["--blockdev", `driver=file,node-name=disk,filename=${file}`],
      ...["--blockdev", `driver=file,node-name=log,filename=${log}`],
      ...["--blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log"],
      ...["--export", `type=fuse,id=shown,node-name=logged,mountpoint=${shown},writable=on`],
      ...["--pidfile", `${file}.pid`],
    ],
    stderr: "piped",
  }).spawn();
  try {
    // The pidfile is written once everything is there.
    while (!await Deno.stat(`${file}.pid`).catch(() => undefined)) {
      const ended = await Promise.race([
        daemon.status,
        new Promise((done) => setTimeout(done, 50)),
      ]);
      if (ended) throw new Error(await new Response(daemon.stderr).text());
    }
    using loop = attachLoop(shown, { autoclear: true });
    return await work(loop.path);
  } finally {
    await run("umount", [shown]).catch(() => {});
    try {
      daemon.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await daemon.status;
    await daemon.stderr.cancel().catch(() => {});
  }
}

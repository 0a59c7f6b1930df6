import { run } from "../../mkimage/run.ts";

/** Does `commands` to a disk in qemu-io, which logs each change in the file `log`. */
export async function logged(
  disk: string,
  log: string,
  commands: readonly string[],
): Promise<void> {
  const node = `driver=blklogwrites,file.driver=file,file.filename=${disk}` +
    `,log.driver=file,log.filename=${log}`;
  const actions = commands.flatMap((text) => ["-c", text]);
  await run("qemu-io", ["-t", "writeback", "--image-opts", node, ...actions]);
}

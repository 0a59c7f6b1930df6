import { MachineService } from "$proto/machine/machine_pb.ts";
import { exactly } from "$lib/cli/mod.ts";
import { extractTarGz } from "../output/extract.ts";
import { nodePaths } from "../output/node_paths.ts";
import { statIfPresent } from "../files.ts";
import { command, type Session } from "../session.ts";

/** `talosctl copy` */
export const copyCommand = command({
  summary: "Copy data out from the node",
  description: `Creates an .tar.gz archive at the node starting at <src-path> and
streams it back to the client.

If '-' is given for <local-path>, archive is written to stdout.
Otherwise archive is extracted to <local-path> which should be an empty directory or
talosctl creates a directory if <local-path> doesn't exist. Command doesn't preserve
ownership and access mode for the files in extract mode, while  streamed .tar archive
captures ownership and permission bits.`,
  args: exactly("<src-path> -|<local-path>"),
  async run(_flags, session: Session, [source = "", local = ""]) {
    const client = await session.oneNodeClient("copy");
    const stream = client.stream(MachineService.method.copy, { rootPath: source });
    if (local === "-") {
      for await (const { message } of stream) session.out.write(message.bytes);
      return;
    }
    const { files } = session.host;
    const found = await statIfPresent(files, local);
    if (found && !found.isDirectory) throw new Error(`local path "${local}" should be a directory`);
    await files.mkdir(local, { recursive: true });
    await extractTarGz(files, local, bytesOf(stream));
  },
  async complete(session, args) {
    return args.length > 0 ? [] : await nodePaths(session, { directories: false });
  },
});

async function* bytesOf(
  stream: AsyncIterable<{ readonly message: { readonly bytes: Uint8Array } }>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const { message } of stream) yield new Uint8Array(message.bytes);
}

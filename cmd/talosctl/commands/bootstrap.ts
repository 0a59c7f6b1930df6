import { flag } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { fileChunks } from "../files.ts";
import { command, type Session } from "../session.ts";

/** `talosctl bootstrap` */
export const bootstrapCommand = command({
  summary: "Bootstrap the cluster",
  description:
    `Bootstrap the cluster: the node starts etcd anew, the other control plane nodes join it.
It is done once in a cluster's life. With --recover-from etcd starts from a snapshot that
'talosctl etcd snapshot' took.`,
  flags: {
    recoverFrom: flag.string("recover etcd cluster from the snapshot"),
    recoverSkipHashCheck: flag.boolean(
      "skip integrity check when recovering etcd (use when recovering from data directory copy)",
    ),
  },
  async run({ recoverFrom, recoverSkipHashCheck }, session: Session) {
    const client = await session.oneNodeClient("bootstrap");
    const { bootstrap, etcdRecover } = MachineService.method;
    if (recoverFrom === "") {
      await client.unary(bootstrap, {});
      return;
    }
    await client.upload(etcdRecover, chunksOf(session, recoverFrom));
    await client.unary(bootstrap, { recoverEtcd: true, recoverSkipHashCheck });
  },
});

async function* chunksOf(
  { host }: Session,
  path: string,
): AsyncGenerator<{ readonly bytes: Uint8Array }> {
  for await (const bytes of fileChunks(host.files, path)) yield { bytes };
}

import { flag } from "$lib/cli/mod.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { humanBytes } from "../output/humanize.ts";
import { nodeRows } from "../output/node_rows.ts";
import { type Session, tableCommand } from "../session.ts";

/** `talosctl disks` */
export const disksCommand = tableCommand({
  summary: "List disks",
  flags: {
    insecure: flag.boolean("ask the insecure (encrypted with no auth) maintenance service", {
      short: "i",
    }),
  },
  async run({ insecure }, session: Session) {
    const client = insecure ? await session.maintenanceClient([]) : await session.client();
    const answers = await client.unary(StorageService.method.disks, {});
    const rows = nodeRows(
      answers,
      ({ disks }) =>
        disks.map(({ deviceName, model, serial, size }) => [
          deviceName,
          model,
          serial,
          humanBytes(size),
        ]),
    );
    session.out.table([["NODE", "DEV", "MODEL", "SERIAL", "SIZE"], ...rows]);
  },
});

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { createClient, createRouterTransport } from "@connectrpc/connect";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { storageService } from "./storage.ts";
import { scratch } from "./testing.ts";

Deno.test("storageService() lists disks with size, model and serial, and nothing that is no disk", async () => {
  await using folder = await scratch();
  for (
    const [name, size, model] of [
      ["vda", "12582912", undefined],
      ["sda", "2048", "QEMU HARDDISK   "],
      ["cciss!c0d0", "8", undefined],
      ["loop0", "8", undefined],
      ["sr0", "8", "QEMU DVD-ROM"],
      ["dm-0", "8", undefined],
    ] as const
  ) {
    await mkdir(`${folder.path}/${name}/device`, { recursive: true });
    await writeFile(`${folder.path}/${name}/size`, `${size}\n`);
    if (model) await writeFile(`${folder.path}/${name}/device/model`, `${model}\n`);
  }
  await writeFile(`${folder.path}/vda/serial`, "disk-1");
  await writeFile(`${folder.path}/sda/device/vpd_pg80`, "\0\0\0\x08   QM001");
  const client = createClient(
    StorageService,
    createRouterTransport(({ service }) => {
      service(StorageService, storageService(folder.path));
    }),
  );
  const { messages } = await client.disks({});
  const disks = messages[0]?.disks.map((d) => [d.deviceName, d.size, d.model, d.serial]);
  assert.deepEqual(disks, [
    ["/dev/cciss/c0d0", 4096n, "", ""],
    ["/dev/sda", 1_048_576n, "QEMU HARDDISK", "QM001"],
    ["/dev/vda", 6_442_450_944n, "", "disk-1"],
  ]);
});

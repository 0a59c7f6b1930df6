import assert from "node:assert/strict";
import { EventRing, ServiceManager } from "$lib/service/mod.ts";
import { DeviceLinks } from "../devices/device_links.ts";
import { udevdService } from "./udevd.ts";

const event = (subsystem: string) =>
  new TextEncoder().encode(
    `add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=${subsystem}\0`,
  );

Deno.test("udevdService() looks at the start and for each event of a disk, and is healthy then", async () => {
  const dev = await Deno.makeTempDir();
  let looks = 0;
  const links = new DeviceLinks({
    dev,
    log: assert.fail,
    facts: () => Promise.resolve([{ name: "vda", ids: [`look-${++looks}`], paths: [] }]),
  });
  const { readable, writable } = new TransformStream<Uint8Array>();
  const reader = readable.getReader();
  let isOpen = false;
  const open = () => {
    isOpen = true;
    return {
      receive: async (signal: AbortSignal) => {
        const aborted = new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason), { once: true })
        );
        const { value } = await Promise.race([reader.read(), aborted]);
        return value ?? new Uint8Array();
      },
      [Symbol.dispose]: () => void (isOpen = false),
    };
  };
  const manager = new ServiceManager({ events: new EventRing() });
  manager.load(udevdService({ open, links, log: assert.fail }));
  manager.start();
  await manager.waitUp(["udevd"], { timeoutMs: 20_000 });
  assert.equal(await Deno.readLink(`${dev}/disk/by-id/look-1`), "../../vda");
  const writer = writable.getWriter();
  await writer.write(event("net"));
  await writer.write(event("block"));
  while (looks < 2) await new Promise((resume) => setTimeout(resume, 10));
  await links.idle();
  assert.equal(await Deno.readLink(`${dev}/disk/by-id/look-2`), "../../vda");
  await manager.stop();
  assert.deepEqual([looks, isOpen], [2, false]);
  await Deno.remove(dev, { recursive: true });
});

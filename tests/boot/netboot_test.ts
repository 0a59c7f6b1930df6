/**
 * A machine without a disk boots what `mkimage pxe` makes: iPXE in its network card fetches script, kernel
 * and initramfs, and the configuration's URL names the machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { PXE_SCRIPT } from "$lib/image/mod.ts";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import { buildPxe } from "../../mkimage/assets/pxe.ts";
import { parseLock } from "../../mkimage/lock.ts";
import { CACHE, LOCK_FILE } from "../../mkimage/paths.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, freshFirmware } from "./disk_image.ts";
import { DIST, EVENT_MS, startNode, textOf } from "./node.ts";

let directory: string;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "netboot-test-" });
});

Deno.test.afterAll(async () => {
  await Deno.remove(directory, { recursive: true });
});

/** What a machine asks for over HTTP. */
class BootServer implements AsyncDisposable {
  config = "";
  /** The UUIDs that configurations were asked with. */
  readonly asked: string[] = [];
  readonly files = join(directory, "pxe");
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#answer(new URL(request.url)),
  );

  /** Where a machine finds a file. */
  url(name: string): string {
    return `http://10.0.2.2:${this.#server.addr.port}/${name}`;
  }

  async #answer({ pathname, searchParams }: URL): Promise<Response> {
    if (pathname === "/config.yaml") {
      this.asked.push(searchParams.get("uuid") ?? "");
      return new Response(this.config);
    }
    const file = await Deno.open(join(this.files, pathname)).catch(() => undefined);
    if (!file) return new Response("not here", { status: 404 });
    const { size } = await file.stat();
    return new Response(file.readable, { headers: { "content-length": String(size) } });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

for (
  const { name, uefi, ...needs } of [
    { name: "a BIOS", uefi: false, tier: "ci" },
    { name: "UEFI", uefi: true, tier: "long", unless: await diskMissing() },
  ] as const
) {
  bootTest(`a machine with ${name} boots over the network, by a URL of its own`, async () => {
    await using server = new BootServer();
    const uuid = crypto.randomUUID();
    await buildPxe({
      ...{ image: DIST, output: server.files, cache: CACHE, say: () => {} },
      extraArguments: [
        `talos.config=${server.url("config.yaml")}?uuid=\${uuid}`,
        ...EMULATED_ARGUMENTS,
      ],
      lock: parseLock(await Deno.readTextFile(LOCK_FILE)),
    });
    await using node = await startNode({
      ...{ netboot: server.url(PXE_SCRIPT), memoryMib: 2048, args: ["-uuid", uuid] },
      ...uefi ? { firmware: await freshFirmware(directory) } : {},
      config: (text) => server.config = text,
    });
    await node.ready();
    assert.deepEqual(server.asked, [uuid]);
    const read = (path: string) => textOf(node.machine.read({ path }, { timeoutMs: EVENT_MS }));
    assert.ok((await read("/proc/cmdline")).includes(`/config.yaml?uuid=${uuid}`));
    assert.match(await read("/proc/mounts"), /^\/dev\/dm-0 \/ squashfs ro,/m);
  }, needs);
}

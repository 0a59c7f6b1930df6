import assert from "node:assert/strict";
import { VOLUME_HEAD_BYTES } from "$lib/codec/mod.ts";
import { readConfigVolume, type VolumeDeps } from "./volume.ts";

const NEVER = new AbortController().signal;

function isoHead(label: string): Uint8Array {
  const head = new Uint8Array(VOLUME_HEAD_BYTES);
  const put = (at: number, text: string) =>
    head.set([...text].map((letter) => letter.charCodeAt(0)), at);
  put(32_768, "\x01CD001");
  put(32_808, label.padEnd(32));
  return head;
}

/** A machine with an empty drive, a disk, and from the third look on an ISO with this file. */
function world(file: string | undefined, label = "metal-iso") {
  let looks = 0;
  let nowMs = 0;
  const log: string[] = [];
  const deps: VolumeDeps = {
    modules: {
      load: () => Promise.resolve(),
      loadDrivers: () => Promise.resolve(void looks++),
    },
    volumes: {
      list: () => Promise.resolve(["/dev/sr0", "/dev/vda", ...looks > 2 ? ["/dev/sr1"] : []]),
      head: (device) =>
        device === "/dev/sr0"
          ? Promise.reject(new Error("No medium found"))
          : Promise.resolve(device === "/dev/sr1" ? isoHead(label) : new Uint8Array(512)),
      open: (device, type, name) => {
        assert.deepEqual([device, type, name], ["/dev/sr1", "iso9660", "config.yaml"]);
        return file === undefined
          ? Promise.reject(new Error("No such file or directory"))
          : Promise.resolve(new Blob([file]).stream());
      },
    },
    clock: {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: (ms) => Promise.resolve(void (nowMs += ms)),
    },
    log: (line) => log.push(line),
  };
  return { deps, log };
}

Deno.test("readConfigVolume() waits for the labelled volume and reads its file", async () => {
  const { deps, log } = world("version: v1alpha1\n");
  const bytes = await readConfigVolume(deps, NEVER);
  assert.equal(new TextDecoder().decode(bytes), "version: v1alpha1\n");
  assert.deepEqual(log, ["configuration on /dev/sr1, a volume of type iso9660"]);
});

Deno.test("readConfigVolume() gives up with what it looked for", async () => {
  const { deps } = world("x", "debian 12");
  await assert.rejects(readConfigVolume(deps, NEVER), /no volume is labelled "metal-iso" .* 60 s/);
});

Deno.test("readConfigVolume() names the file and the device when there is nothing to read", async () => {
  const { deps } = world(undefined);
  await assert.rejects(
    readConfigVolume(deps, NEVER),
    /Cannot read "config\.yaml" on \/dev\/sr1: No such file or directory/,
  );
});

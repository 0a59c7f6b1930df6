import assert from "node:assert/strict";
import { type BlockDevice, probe } from "$lib/disk/mod.ts";
import { type MemoryDisk, memoryDisk } from "$lib/disk/testing.ts";
import {
  changeKeys,
  type Encryption,
  type EncryptionDeps,
  keysOf,
  openEncrypted,
} from "./encryption.ts";

const MIB = 1 << 20;
const UUID = "4c4c4544-0038-4410-8052-b7c04f4e3132";
const SECRET = { provider: "luks2", keys: [{ slot: 0, static: { passphrase: "secret" } }] };

async function deviceOf(disk: MemoryDisk): Promise<BlockDevice> {
  return { name: "vda4", readOnly: false, sizeBytes: disk.sizeBytes, ...await probe(disk) };
}

/** A kernel with this disk; `cut` has the power go before a filesystem is made. */
function kernelWith(
  disk: MemoryDisk,
  cut?: "format",
): { done: string[]; lines: string[]; deps: EncryptionDeps } {
  const done: string[] = [];
  const lines: string[] = [];
  const deps: EncryptionDeps = {
    log: (line) => void lines.push(line),
    machineId: () => Promise.resolve(UUID),
    openDevice: async () => ({ ...disk, [Symbol.asyncDispose]: () => Promise.resolve() }),
    map(name, { sectors, parameters }) {
      const [cipher, , iv, path, offset] = parameters.split(" ");
      done.push(`map ${name} ${sectors} ${cipher} ${iv} ${path} ${offset}`);
      return "dm-1";
    },
    format({ name }, label) {
      if (cut) throw new Error("no power");
      return Promise.resolve(void done.push(`format ${name} ${label}`));
    },
  };
  return { done, lines, deps };
}

/** Opens the volume on this disk, made first when the disk is blank, and tells what was done. */
async function open(
  disk: MemoryDisk,
  encryption: Encryption,
  { cut, keysStay = false }: { readonly cut?: "format"; readonly keysStay?: boolean } = {},
): Promise<{ done: string[]; lines: string[]; plain: BlockDevice }> {
  const { done, lines, deps } = kernelWith(disk, cut);
  const device = await deviceOf(disk);
  const volume = { label: "EPHEMERAL", format: device.blank, encryption, keysStay };
  const plain = await openEncrypted(device, volume, deps, new AbortController().signal);
  return { done, lines, plain };
}

const MAPPED = `map luks2-EPHEMERAL ${64 * MIB / 512} aes-xts-plain64 0 /dev/test 32768`;

Deno.test("openEncrypted() makes a volume once, and opens it from then on", async () => {
  const disk = memoryDisk(80 * MIB);
  const first = await open(disk, SECRET);
  assert.deepEqual(first.done, [MAPPED, "format dm-1 EPHEMERAL"]);
  assert.deepEqual([first.plain.name, first.plain.sizeBytes], ["dm-1", 64 * MIB]);
  assert.equal((await probe(disk)).luksLabel, "EPHEMERAL");
  assert.deepEqual((await open(disk, SECRET)).done, [MAPPED]);
});

Deno.test("openEncrypted() makes the filesystem anew when that was cut off", async () => {
  const disk = memoryDisk(80 * MIB);
  await assert.rejects(open(disk, SECRET, { cut: "format" }), /no power/);
  const { done, lines } = await open(disk, SECRET);
  assert.deepEqual(done, [MAPPED, "format dm-1 EPHEMERAL"]);
  assert.match(lines.join("\n"), /is half made/);
});

Deno.test("openEncrypted() names field and device of a wrong key, and no key", async () => {
  const disk = memoryDisk(80 * MIB);
  await open(disk, SECRET);
  const wrong = { provider: "luks2", keys: [{ slot: 0, static: { passphrase: "hidden" } }] };
  await assert.rejects(open(disk, wrong), {
    message: "Cannot open /dev/vda4 with machine.systemDiskEncryption.ephemeral: " +
      "no key of the configuration opens /dev/test",
  });
});

Deno.test("openEncrypted() takes the keys of the configuration, and drops the others", async () => {
  const disk = memoryDisk(80 * MIB);
  await open(disk, SECRET);
  const node = { slot: 1, nodeID: {} };
  await open(disk, { ...SECRET, keys: [...SECRET.keys, node] });
  await open(disk, { ...SECRET, keys: [node] });
  await assert.rejects(open(disk, SECRET), /no key of the configuration/);
});

Deno.test("keysOf() makes a key of the machine's UUID and the label, where it is one of its own", async () => {
  const encryption = { provider: "luks2", keys: [{ slot: 2, nodeID: {} }] };
  const [key] = await keysOf(encryption, "EPHEMERAL", () => Promise.resolve(UUID));
  assert.equal(new TextDecoder().decode(key!.passphrase), `${UUID}EPHEMERAL`);
  assert.equal(key!.slot, 2);
  const zeros = () => Promise.resolve("00000000-0000-0000-0000-000000000001");
  await assert.rejects(keysOf(encryption, "EPHEMERAL", zeros), /many machines have; use static$/);
});

const OTHER = { provider: "luks2", keys: [{ slot: 0, static: { passphrase: "other" } }] };
const BOTH = { ...SECRET, keys: [...SECRET.keys, { slot: 1, nodeID: {} }] };
const NODE_ID = { ...SECRET, keys: [{ slot: 7, nodeID: {} }] };

Deno.test("openEncrypted() leaves keys as they are where told, and takes any that opens", async () => {
  const disk = memoryDisk(80 * MIB);
  await open(disk, BOTH);
  await open(disk, NODE_ID, { keysStay: true });
  await open(disk, SECRET, { keysStay: true });
});

Deno.test("changeKeys() takes the first of several ways that opens, and leaves the new keys alone", async () => {
  const disk = memoryDisk(80 * MIB);
  await open(disk, SECRET);
  const change = { label: "EPHEMERAL", current: [OTHER, SECRET], next: OTHER };
  await changeKeys(await deviceOf(disk), change, kernelWith(disk).deps);
  await assert.rejects(open(disk, SECRET, { keysStay: true }), /no key of the configuration/);
  await open(disk, OTHER, { keysStay: true });
  // What was cut off after that is done again.
  await changeKeys(await deviceOf(disk), change, kernelWith(disk).deps);
  await open(disk, OTHER, { keysStay: true });
});

Deno.test("changeKeys() changes nothing where no way opens, and shows no key", async () => {
  const disk = memoryDisk(80 * MIB);
  await open(disk, SECRET);
  const change = { label: "EPHEMERAL", current: [OTHER], next: OTHER };
  await assert.rejects(
    async () => changeKeys(await deviceOf(disk), change, kernelWith(disk).deps),
    { message: "Cannot change the keys of /dev/vda4: no key of the configuration opens /dev/test" },
  );
  await open(disk, SECRET, { keysStay: true });
});

Deno.test("a filesystem over what is left of an encrypted volume is no encrypted volume", async () => {
  const disk = memoryDisk(80 * MIB);
  await open(disk, SECRET);
  await disk.write(0, new Uint8Array(512));
  assert.equal((await probe(disk)).luksLabel, "EPHEMERAL", "its second header is there");
  const block = new Uint8Array(512);
  block.set(new TextEncoder().encode("XFSB"));
  await disk.write(0, block);
  const { xfsLabel, luksLabel } = await probe(disk);
  assert.deepEqual([xfsLabel, luksLabel], ["", undefined]);
});

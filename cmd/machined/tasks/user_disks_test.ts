/** Extra disks as the kernel shows them: loop devices, with real filesystems. */
import assert from "node:assert/strict";
import { formatNoted, type Gpt, openMedium, partitionDevice } from "$lib/disk/mod.ts";
import { Fd, O } from "$ffi/fd.ts";
import { parseMounts } from "$lib/procfs/mod.ts";
import { attachLoop } from "$ffi/loop.ts";
import { mount, MS, unmount } from "$ffi/mount.ts";
import { lacksPath, lacksProgram, output, rootTest } from "$ffi/testing.ts";
import { mountDisks, unmountUserDisks, type UserDisk } from "./user_disks.ts";
import { mkfsArguments } from "./xfs.ts";

const MIB = 1 << 20;
const missing = lacksPath("/dev/loop-control") ??
  lacksProgram("mkfs.xfs", "addpart", "delpart");

/** A disk of this host, and what was made of it. */
class Bench implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #mounted: string[] = [];
  #shown = 0;
  constructor(readonly directory: string, readonly file: string, readonly path: string) {}

  /** With `room`, MiB, writes to the disk fail with an I/O error once so much of it is written to. */
  static async make(mib: number, content = "", room?: number): Promise<Bench> {
    const directory = await Deno.makeTempDir({ prefix: "user-disks-" });
    const store = `${directory}/store`;
    await Deno.mkdir(store);
    if (room) mount({ source: "store", target: store, type: "tmpfs", data: `size=${room}m` });
    const file = `${store}/disk`;
    await Deno.writeTextFile(file, content);
    await Deno.truncate(file, mib * MIB);
    using loop = attachLoop(file);
    return new Bench(directory, file, loop.path);
  }

  /** The disk with these partitions, mounted below the directory. */
  disk(...sizes: number[]): UserDisk {
    const partitions = sizes.map((size, i) => ({ size, mountpoint: `${this.directory}/${i}` }));
    return { device: this.path, partitions };
  }

  async mount(...disks: UserDisk[]): Promise<void> {
    this.lines.length = 0;
    await mountDisks(disks, {
      log: (line) => this.lines.push(line),
      appearMs: 0,
      mounter: {
        mount: (request) => {
          mount(request);
          this.#mounted.push(request.target);
        },
      },
      showPartitions: (disk, gpt) => this.#show(disk, gpt),
      async format({ name, sizeBytes, unfinished }, label) {
        await using device = await openMedium(`/dev/${name}`, { writable: true, sizeBytes });
        const anew = unfinished !== undefined;
        await formatNoted(device, label, async (bytes) => {
          await output("mkfs.xfs", mkfsArguments(device.name, { label, bytes, anew }));
        });
      },
    }, new AbortController().signal);
  }

  /** Not every kernel of a test host reads tables. */
  async #show(disk: string, gpt: Gpt): Promise<void> {
    for (const { number, firstSector, lastSector } of gpt.partitions) {
      const extent = [firstSector, lastSector - firstSector + 1].map(String);
      if (number > this.#shown) await output("addpart", [disk, String(number), ...extent]);
    }
    this.#shown = Math.max(this.#shown, gpt.partitions.length);
  }

  unmount(): void {
    for (const target of this.#mounted.splice(0).reverse()) unmount(target);
  }

  async [Symbol.asyncDispose]() {
    this.unmount();
    for (let i = 1; i <= this.#shown; i++) await output("delpart", [this.path, String(i)]);
    await output("losetup", ["-d", this.path]);
    const mounts = await Deno.readTextFile("/proc/mounts");
    if (mounts.includes(` ${this.directory}/store `)) unmount(`${this.directory}/store`);
    await Deno.remove(this.directory, { recursive: true });
  }
}

rootTest(
  "mountDisks() partitions a blank disk once, and mounts what is on it from then on",
  async () => {
    await using bench = await Bench.make(512);
    const disk = bench.disk(128 * MIB, 0);
    await bench.mount(disk);
    const mounts = await Deno.readTextFile("/proc/mounts");
    for (const i of [0, 1]) {
      const device = partitionDevice(bench.path, i + 1);
      assert.match(mounts, new RegExp(`^${device} ${bench.directory}/${i} xfs rw,.*noatime`, "m"));
    }
    assert.match(bench.lines[0]!, /is blank: making 2 partitions on it$/);
    await Deno.writeTextFile(`${bench.directory}/1/kept`, "data");
    bench.unmount();
    await bench.mount(disk);
    assert.equal(await Deno.readTextFile(`${bench.directory}/1/kept`), "data");
    assert.ok(bench.lines.every((line) => / is on /.test(line)), bench.lines.join("\n"));
  },
  missing,
);

rootTest("mountDisks() makes half of a filesystem anew, and mends the table", async () => {
  await using bench = await Bench.make(512);
  await bench.mount(bench.disk(0));
  bench.unmount();
  const path = partitionDevice(bench.path, 1);
  {
    const sizeBytes = 510 * MIB;
    await using device = await openMedium(path, { writable: true, sizeBytes });
    const cut = formatNoted(device, "USER-1", async () => {
      await device.write(0, new Uint8Array(4096));
      throw new Error("no power");
    });
    await assert.rejects(cut, /no power/);
    await using disk = await openMedium(bench.path, { writable: true, sizeBytes: 512 * MIB });
    await disk.write(512, new Uint8Array(512));
    await disk.flush();
  }
  await bench.mount(bench.disk(0));
  const said = bench.lines.join("\n");
  assert.match(said, /the partition table is written anew: its first copy: there is none/);
  assert.match(said, /is half made, since that was cut off: making the filesystem/);
  assert.match(said, / is on /);
}, missing);

rootTest("mountDisks() refuses a disk with other data, and closes the place of it", async () => {
  await using bench = await Bench.make(256, "somebody's data");
  await bench.mount(bench.disk(0));
  assert.match(
    bench.lines[0]!,
    /^Cannot mount machine\.disks\[0\]\.partitions\[0\] at \S+: machine\.disks\[0\]\.device: \/dev\/loop\d+: it is not blank.*name another disk/,
  );
  const head = (await Deno.readFile(bench.file)).subarray(0, 15);
  assert.equal(new TextDecoder().decode(head), "somebody's data");
  await assert.rejects(Deno.writeTextFile(`${bench.directory}/0/file`, ""), /ead-only/);
}, missing);

rootTest("mountDisks() goes on with the others when a disk is missing or too small", async () => {
  await using bench = await Bench.make(256);
  const gone = {
    device: "/dev/no-such-disk",
    partitions: [{ size: 0, mountpoint: `${bench.directory}/gone` }],
  };
  await bench.mount(gone, bench.disk(512 * MIB, 0));
  assert.match(bench.lines.join("\n"), /no-such-disk: there is no such disk/);
  assert.match(bench.lines.join("\n"), /disks\[1\]\.device: \S+: .*it has 256 MiB/);
  bench.unmount();
  await bench.mount(gone, bench.disk(0));
  assert.match(bench.lines.join("\n"), /0 is on \/dev\/loop\d+p1/);
}, missing);

rootTest("mountDisks() does not follow a link from where a disk belongs", async () => {
  await using bench = await Bench.make(256);
  await Deno.symlink("/etc", `${bench.directory}/0`);
  await bench.mount(bench.disk(0));
  assert.match(bench.lines.join("\n"), /mountpoint leads to \/etc: remove the link/);
  assert.doesNotMatch(await Deno.readTextFile("/proc/mounts"), / \/etc (xfs|tmpfs)/);
}, missing);

rootTest(
  "mountDisks() takes up what a disk that failed mid-write has left, once it works",
  async () => {
    await using bench = await Bench.make(512, "", 2);
    await bench.mount(bench.disk(0));
    assert.match(
      bench.lines.join("\n"),
      /Cannot mount machine\.disks\[0\]\.partitions\[0\] at \S+: /,
    );
    await assert.rejects(Deno.writeTextFile(`${bench.directory}/0/file`, ""), /ead-only/);
    bench.unmount();
    const store = `${bench.directory}/store`;
    mount({ source: "store", target: store, type: "tmpfs", flags: MS.REMOUNT, data: "size=600m" });
    await bench.mount(bench.disk(0));
    assert.match(bench.lines.join("\n"), /is half made, since that was cut off/);
    assert.match(bench.lines.join("\n"), /0 is on \/dev\/loop\d+p1/);
  },
  missing,
);

rootTest("mountDisks() leaves a disk that is read-only, and one that is in use", async () => {
  await using bench = await Bench.make(512);
  await output("blockdev", ["--setro", bench.path]);
  await bench.mount(bench.disk(0));
  assert.match(bench.lines[0]!, /disks\[0\]\.device: \/dev\/loop\d+: it is read-only$/);
  bench.unmount();
  await output("blockdev", ["--setrw", bench.path]);
  using _held = Fd.open(bench.path, O.RDWR | O.EXCL);
  await bench.mount(bench.disk(0));
  assert.match(bench.lines[0]!, /: it is in use; name another disk/);
}, missing);

Deno.test("unmountUserDisks() unmounts the disks and what lies on them, and nothing beside", async () => {
  const mounts = await Deno.readTextFile("/proc/mounts");
  const targets = parseMounts(mounts).map(({ target }) => target);
  const unmounted: string[] = [];
  const partitions = [{ size: 0, mountpoint: "/proc/" }, { size: 0, mountpoint: "/pro" }];
  const running = { value: { config: { machine: { disks: [{ device: "/dev/x", partitions }] } } } };
  await unmountUserDisks({
    config: { running } as unknown as Parameters<typeof unmountUserDisks>[0]["config"],
    mounter: { unmount: (target) => unmounted.push(target) },
    log: () => {},
  }).run(new AbortController().signal);
  const below = targets.filter((target) => target === "/proc" || target.startsWith("/proc/"));
  assert.ok(below.length > 0);
  assert.deepEqual(unmounted, below.toReversed());
});

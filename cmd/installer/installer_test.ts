/** The installer at work on a disk that is a file, looked at with other people's tools. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isHalfInstalled, openMedium, partitionDevice } from "$lib/disk/mod.ts";
import { mount, unmount } from "$ffi/mount.ts";
import { lacksProgram, rootTest, testUnless } from "$ffi/testing.ts";
import { type Order, readArguments } from "./arguments.ts";
import { carryOutOrder, type InstallerDeps } from "./installer.ts";

const MIB = 1 << 20;
const missing = lacksProgram("sgdisk", "mdir", "mcopy", "mkfs.fat");

async function output(program: string, args: readonly string[]): Promise<string> {
  const env = { MTOOLS_SKIP_CHECK: "1", PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` };
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...args], env })
    .output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, `${program}: ${text}`);
  return text;
}

/** A release's files, and a file that stands for /dev/vda. */
class World implements AsyncDisposable {
  readonly said: string[] = [];

  private constructor(readonly directory: string) {}

  static async make(diskBytes: number): Promise<World> {
    const world = new World(await Deno.makeTempDir({ prefix: "installer-test-" }));
    await Deno.writeFile(world.disk, new Uint8Array());
    await Deno.truncate(world.disk, diskBytes);
    await world.release("v1.0.0");
    return world;
  }

  get disk(): string {
    return join(this.directory, "disk");
  }

  /** Makes `version` what the installer brings. */
  async release(version: string): Promise<void> {
    const verity = { rootHash: "0".repeat(64), salt: "", blockSizeBytes: 4096, dataBlocks: 1 };
    const manifest = { schema: 1, version, layout: "portable", kernel: "6.1", verity, parts: [] };
    const write = (name: string, text: string) =>
      Deno.writeTextFile(join(this.directory, name), text);
    await write("manifest.json", JSON.stringify(manifest));
    await write("boot.efi", `boot program of ${version}`);
    await write("systemd-bootx64.efi", "boot loader");
  }

  run(command: string, ...args: string[]): Promise<void> {
    return carryOutOrder(this.#order(command, args), this.#deps());
  }

  /** Installs up to a step that fails. */
  cutOff(step: Partial<InstallerDeps>): Promise<void> {
    return carryOutOrder(this.#order("install", []), { ...this.#deps(), ...step });
  }

  files(): Promise<string> {
    return output("mdir", ["-i", `${this.disk}@@1M`, "-/", "-b", "::/"]);
  }

  file(path: string): Promise<string> {
    return output("mtype", ["-i", `${this.disk}@@1M`, `::${path}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }

  #order(command: string, args: readonly string[]): Order {
    return readArguments([
      ...[command, "--disk", "/dev/vda", "--platform", "metal", "--source", this.directory],
      ...args,
    ]);
  }

  #deps(): InstallerDeps {
    const { disk } = this;
    const esp = join(this.directory, "esp");
    return {
      openDisk: async () => ({ ...await openMedium(disk, { writable: true }), name: "/dev/vda" }),
      async zero(_path, sizeBytes) {
        await Deno.truncate(disk, 0);
        await Deno.truncate(disk, sizeBytes);
      },
      showPartitions: () => Promise.resolve(),
      async makeFat(device, label) {
        assert.equal(device, partitionDevice("/dev/vda", 1));
        const size = String(512 * MIB / 1024);
        await output("mkfs.fat", ["-F", "32", "-n", label, "--offset", "2048", disk, size]);
      },
      // The kernel of a test host need not know FAT: a directory is copied into it.
      async withEsp(_device, work) {
        await work(esp);
        await output("mkfs.fat", ["-F", "32", "--offset", "2048", disk, String(512 * 1024)]);
        const tops = [...Deno.readDirSync(esp)].map(({ name }) => join(esp, name));
        await output("mcopy", ["-i", `${disk}@@1M`, "-s", "-Q", ...tops, "::/"]);
      },
      say: (line) => void this.said.push(line),
    };
  }
}

testUnless(missing, "carryOutOrder() makes a blank disk one that boots", async () => {
  await using world = await World.make(640 * MIB);
  await world.run("install", "--console", "ttyS0", "--extra-kernel-arg", "quiet");
  const table = await output("sgdisk", ["-v", "-p", world.disk]);
  assert.match(table, /No problems found/);
  assert.deepEqual(table.match(/\w+$/gm)?.slice(-4), ["EFI", "META", "STATE", "EPHEMERAL"]);
  assert.deepEqual(
    (await world.files()).trim().split("\n").filter((name) => !name.endsWith("/")).sort(),
    [
      "::/EFI/BOOT/BOOTX64.EFI",
      "::/EFI/slots/a.efi",
      "::/loader/entries/slot-a.conf",
      "::/loader/loader.conf",
    ],
  );
  const entry = await world.file("/loader/entries/slot-a.conf");
  assert.match(entry, /^title v1\.0\.0 \(slot A\)$/m);
  assert.match(entry, /^options .* talos\.platform=metal console=ttyS0 quiet$/m);
});

testUnless(
  missing,
  "carryOutOrder() upgrades the other slot and keeps the running one",
  async () => {
    await using world = await World.make(640 * MIB);
    await world.run("install");
    await world.release("v2.0.0");
    await world.run("upgrade", "--running", "a");
    const files = await world.files();
    for (const name of ["slots/a.efi", "slots/b.efi", "slot-a.conf", "slot-b+1.conf"]) {
      assert.ok(files.includes(name), `${name} in ${files}`);
    }
    assert.equal(await world.file("/EFI/slots/a.efi"), "boot program of v1.0.0");
    assert.equal(await world.file("/EFI/slots/b.efi"), "boot program of v2.0.0");
    assert.match(await world.file("/loader/entries/slot-b+1.conf"), /^version 2$/m);
    assert.equal(world.said.at(-1), "v2.0.0 is on /dev/vda");
  },
);

rootTest(
  "carryOutOrder() leaves both slots as they are when there is no room for a release",
  async () => {
    await using world = await World.make(640 * MIB);
    const esp = join(world.directory, "esp");
    await Deno.mkdir(esp);
    mount({ source: "esp", target: esp, type: "tmpfs", data: "size=1m" });
    try {
      await world.run("install");
      await world.release("v2.0.0");
      await world.run("upgrade", "--running", "a");
      const before = await world.files();
      await world.release("v3.0.0");
      const program = join(world.directory, "boot.efi");
      await Deno.writeFile(program, new Uint8Array(2 * MIB).fill(3));
      await assert.rejects(world.run("upgrade", "--running", "a"), {
        message: /^Cannot write the release to the EFI system partition: No space left/,
      });
      const left = async () =>
        (await Array.fromAsync(Deno.readDir(join(esp, "EFI/slots"))))
          .map(({ name }) => name).sort();
      assert.deepEqual(await left(), ["a.efi", "b.efi"]);
      assert.equal(await Deno.readTextFile(join(esp, "EFI/slots/b.efi")), "boot program of v2.0.0");
      assert.equal(await world.files(), before);
      await world.release("v3.0.0");
      await world.run("upgrade", "--running", "a");
      assert.equal(await world.file("/EFI/slots/b.efi"), "boot program of v3.0.0");
    } finally {
      unmount(esp);
    }
  },
  missing,
);

testUnless(missing, "carryOutOrder() installs over what is there only when it may", async () => {
  await using world = await World.make(640 * MIB);
  await world.run("install");
  const before = await output("sgdisk", ["-p", world.disk]);
  await assert.rejects(world.run("install"), {
    message:
      /^Cannot install to \/dev\/vda: it is not blank; set machine\.install\.wipe to true to lose/,
  });
  assert.equal(await output("sgdisk", ["-p", world.disk]), before);
  await world.run("install", "--wipe");
  assert.notEqual(await output("sgdisk", ["-p", world.disk]), before);
});

testUnless(missing, "carryOutOrder() begins anew what was cut off, and only that", async () => {
  await using world = await World.make(640 * MIB);
  for (const step of ["makeFat", "withEsp"] as const) {
    const cut = { [step]: () => Promise.reject(new Error("no power")) };
    await assert.rejects(world.cutOff(cut), /no power/);
    await using disk = await openMedium(world.disk);
    assert.equal(await isHalfInstalled(disk), true, step);
  }
  await world.run("install");
  assert.equal(await world.file("/EFI/BOOT/BOOTX64.EFI"), "boot loader");
  await assert.rejects(world.run("install"), /it is not blank/);
});

testUnless(missing, "carryOutOrder() says how large a disk must be, and leaves it", async () => {
  await using world = await World.make(300 * MIB);
  await assert.rejects(world.run("install", "--wipe"), {
    message:
      /^Cannot install to \/dev\/vda: Cannot lay out the disk: it has 300 MiB and the partitions .* need \d+ MiB$/,
  });
  assert.ok((await Deno.readFile(world.disk)).every((byte) => byte === 0));
});

Deno.test("carryOutOrder() names a disk that cannot be upgraded", async () => {
  await using world = await World.make(MIB);
  await assert.rejects(world.run("upgrade"), {
    message: "Cannot upgrade /dev/vda: it has no partition EFI",
  });
});

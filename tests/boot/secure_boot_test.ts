/** A machine with Secure Boot starts a disk that was signed for it, and nothing that others signed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { signProgram } from "../../mkimage/assets/authenticode.ts";
import { run } from "../../mkimage/run.ts";
import { bootTest } from "./boot_test_case.ts";
import { diskMissing, makeDisk } from "./disk_image.ts";
import { renamedInstaller } from "./altered_releases.ts";
import { BOOTED, type DiskNode, startDiskNode } from "./disk_node.ts";
import { REPOSITORY } from "./installers.ts";
import { BOOT_MS, EVENT_MS, startNode } from "./node.ts";
import { knownKey, secureFirmwareMissing, secureMachine } from "./secure_firmware.ts";
import { Talosctl } from "./talosctl.ts";
import { upgraded } from "./upgraded.ts";

const DISK_BYTES = 2 * 2 ** 30;
const PROGRAM = "::/EFI/slots/a.efi";
const long = {
  unless: await diskMissing() ?? await secureFirmwareMissing(),
  tier: "long",
} as const;

let directory: string;
/** The one that takes releases. */
let machine: DiskNode | undefined;

Deno.test.beforeAll(async () => {
  directory = await Deno.makeTempDir({ prefix: "secure-boot-test-" });
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await Deno.remove(directory, { recursive: true });
});

bootTest("a signed disk boots with Secure Boot, and its kernel is locked down", async () => {
  const disk = await makeDisk(directory, DISK_BYTES, await knownKey());
  let yaml = "";
  await using node = await startNode({
    ...{ disks: [disk], memoryMib: 2048, ...await secureMachine(directory) },
    config: (text) => yaml = text,
  });
  await using user = await Talosctl.administrator(node);
  await node.vm.until(/maintenance mode: talos\.config names no configuration/, BOOT_MS);
  const file = await user.file("config.yaml", yaml);
  await user.print(["apply-config", "--insecure", "--nodes", node.address, "--file", file]);
  await node.vm.until(BOOTED, BOOT_MS);
  const log = await user.print(["dmesg"]);
  assert.match(log, /secureboot: Secure boot enabled/);
  assert.match(log, /Kernel is locked down from EFI Secure Boot/);
  assert.match(await user.print(["get", "upgradestatus"]), / A +permanent/);
  // Arguments that nobody signed would have to be left out: they are refused at once.
  const more = await user.file("more.yaml", yaml.replace("wipe: false", EXTRA));
  assert.notEqual(await Deno.readTextFile(more), yaml);
  const { code, stderr } = await user.run(["apply-config", "--on-reboot", "--file", more]);
  assert.equal(code, 1);
  assert.match(stderr, /machine\.install\.extraKernelArgs: with Secure Boot/);
}, long);

const EXTRA = `wipe: false
        extraKernelArgs:
            - quiet`;

bootTest("a release that somebody else signed is not started", async () => {
  const disk = await makeDisk(directory, DISK_BYTES, await knownKey());
  const [key, crt] = [join(directory, "other.key"), join(directory, "other.crt")];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody else"],
    ...["-days", "2", "-keyout", key, "-out", crt],
  ]);
  const program = join(directory, "a.efi");
  await run("mcopy", ["-i", `${disk}@@1M`, PROGRAM, program]);
  await Deno.writeFile(
    program,
    signProgram(await Deno.readFile(program), {
      privateKey: await Deno.readTextFile(key),
      certificate: await Deno.readTextFile(crt),
    }),
  );
  await run("mcopy", ["-o", "-i", `${disk}@@1M`, program, PROGRAM]);
  await using node = await startNode({
    ...{ disks: [disk], memoryMib: 2048, ...await secureMachine(directory) },
  });
  await node.vm.until(/a\.efi: (access denied|security violation)/i, EVENT_MS);
  assert.doesNotMatch(await node.vm.console(), /Linux version|Run \/init/);
}, long);

bootTest("a node with Secure Boot takes the next release, and goes back", async () => {
  machine = await startDiskNode(directory, {
    ...{ sizeBytes: DISK_BYTES, kernelArguments: [], secureBoot: true },
  });
  const { node, user } = machine;
  await upgraded(machine, directory, { tag: "v0.1.2", slot: "B" });
  assert.match(await user.print(["dmesg"]), /Kernel is locked down from EFI Secure Boot/);
  const from = await machine.shown();
  await user.print(["rollback"]);
  await node.vm.until(BOOTED, BOOT_MS, from);
  assert.match(await user.print(["get", "upgradestatus"]), / A +permanent/);
}, long);

bootTest("a node with Secure Boot refuses a release that firmware would not start", async () => {
  const { user, images } = machine!;
  images["v0.1.3"] = await renamedInstaller("v0.1.3", join(directory, "unsigned"));
  const image = `${REPOSITORY}:v0.1.3`;
  const { code, stderr } = await user.run(["upgrade", "--image", image]);
  assert.equal(code, 1);
  assert.match(stderr, /boot\.efi cannot be started with Secure Boot: nobody has signed it/);
  assert.match(await user.print(["get", "upgradestatus"]), / A +permanent/);
}, long);

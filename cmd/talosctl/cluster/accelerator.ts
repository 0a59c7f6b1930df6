import type { Accelerator, Arch } from "./qemu.ts";
import { qemuProgram } from "./qemu.ts";

/** A probe guest runs this long; where virtualisation is broken, guests die within it. */
const PROBE_MS = 700;

/** The best accelerator that guests of `arch` survive with on this host. */
export async function chooseAccelerator(arch: Arch): Promise<Accelerator> {
  const host: Arch = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
  if (host !== arch) return "tcg";
  const candidate = Deno.build.os === "darwin" ? "hvf" : "kvm";
  if (candidate === "kvm" && !await canOpenKvm()) return "tcg";
  return await survives(arch, candidate) ? candidate : "tcg";
}

async function canOpenKvm(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    (await Deno.open("/dev/kvm", { read: true, write: true })).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a guest still runs after a moment under `accelerator`: a device that opens proves little,
 * nested virtualisation often lets guests start and then fail at their first instructions.
 */
async function survives(arch: Arch, accelerator: Accelerator): Promise<boolean> {
  const machine = arch === "amd64" ? "q35" : "virt";
  const child = new Deno.Command(qemuProgram(arch), {
    args: ["-M", machine, "-accel", accelerator, "-cpu", "host", "-m", "32", "-nodefaults"]
      .concat(["-display", "none", "-no-reboot", "-qmp", "stdio"]),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = new Response(child.stdout).text();
  const writer = child.stdin.getWriter();
  const say = (command: string): Promise<void> =>
    writer.write(new TextEncoder().encode(`{"execute":"${command}"}\n`));
  try {
    await say("qmp_capabilities");
    await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
    await say("query-status");
    await say("quit");
    await child.status;
    return /"status": ?"running"/.test(await output);
  } catch {
    return false;
  } finally {
    await writer.close().catch(() => {});
    await child.status;
  }
}

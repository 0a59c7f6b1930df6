/** The Kernel Self Protection Project's demands on the command line and on sysctls. */
import type { KernelCmdline } from "$lib/cmdline/mod.ts";
import type { Task } from "../sequences/engine.ts";

/** Writes one sysctl by its dotted name; throws a NotFound error where this kernel has none. */
export interface Sysctls {
  write(name: string, value: string): void;
  exists(name: string): boolean;
}

/** Where the kernel says whether this processor has Meltdown, which `pti` is against. */
const MELTDOWN = "/sys/devices/system/cpu/vulnerabilities/meltdown";

/** Sysctls that close what an attacker on the node would use first. */
export const KSPP_SYSCTLS: Readonly<Record<string, string>> = {
  "kernel.kptr_restrict": "2",
  "kernel.dmesg_restrict": "1",
  "kernel.perf_event_paranoid": "3",
  "kernel.yama.ptrace_scope": "2",
  "kernel.unprivileged_bpf_disabled": "1",
  "kernel.randomize_va_space": "2",
  "kernel.kexec_load_disabled": "1",
  "kernel.panic_on_oops": "1",
  "user.max_user_namespaces": "0",
  "net.core.bpf_jit_harden": "2",
  "dev.tty.ldisc_autoload": "0",
  "dev.tty.legacy_tiocsti": "0",
  "fs.protected_symlinks": "1",
  "fs.protected_hardlinks": "1",
  "fs.protected_fifos": "2",
  "fs.protected_regular": "2",
  "fs.suid_dumpable": "0",
  "vm.unprivileged_userfaultfd": "0",
};

/** Sysctls that Kubernetes needs of its host. */
export const REQUIRED_SYSCTLS: Readonly<Record<string, string>> = {
  "net.ipv4.ip_forward": "1",
  "net.bridge.bridge-nf-call-iptables": "1",
  "net.bridge.bridge-nf-call-ip6tables": "1",
  "net.ipv6.conf.default.forwarding": "1",
  "kernel.pid_max": "262144",
  "vm.overcommit_memory": "1",
  "fs.inotify.max_user_instances": "8192",
  "fs.inotify.max_user_watches": "524288",
};

/** Set before any module loads: tunnel modules make no devices by themselves (gre0, tunl0, sit0 …). */
const EARLY_SYSCTLS: Readonly<Record<string, string>> = {
  "net.core.fb_tunnels_only_for_init_net": "2",
};

/**
 * The demands of KSPP that `cmdline` does not meet, as they should be written. Of several values the
 * kernel obeys the last. `pti=auto` leaves the page tables of a processor without Meltdown together, and
 * nobody else's; an emulated one has many times less work with them.
 */
export function missingArguments(cmdline: KernelCmdline, meltdown = hasMeltdown()): string[] {
  const pti = cmdline.last("pti");
  const isolated = pti === "on" || pti === "auto" && !meltdown;
  return [...cmdline.has("slab_nomerge") ? [] : ["slab_nomerge"], ...isolated ? [] : ["pti=on"]];
}

/** Whether this processor has Meltdown, as far as is known. */
function hasMeltdown(): boolean {
  try {
    return Deno.readTextFileSync(MELTDOWN).trim() !== "Not affected";
  } catch {
    return true;
  }
}

/** Refuses a command line that weakens the kernel, then sets the sysctls. */
export function enforceKsppRequirements(
  deps: { cmdline: KernelCmdline; sysctls: Sysctls; log: (line: string) => void },
): Task {
  return {
    name: "enforceKSPPRequirements",
    run() {
      const missing = missingArguments(deps.cmdline);
      if (missing.length > 0) {
        throw new Error(`Cannot boot: the kernel command line lacks ${missing.join(" and ")}`);
      }
      writeSysctls({ ...EARLY_SYSCTLS, ...KSPP_SYSCTLS }, deps);
    },
  };
}

/** Sets the sysctls that Kubernetes needs. */
export function writeRequiredSysctls(
  deps: { sysctls: Sysctls; log: (line: string) => void },
): Task {
  return { name: "writeRequiredSysctls", run: () => writeSysctls(REQUIRED_SYSCTLS, deps) };
}

/** Writes what this kernel knows; an unknown name is logged, a refused value is an error. */
function writeSysctls(
  values: Readonly<Record<string, string>>,
  deps: { sysctls: Sysctls; log: (line: string) => void },
): void {
  for (const [name, value] of Object.entries(values)) {
    if (deps.sysctls.exists(name)) deps.sysctls.write(name, value);
    else deps.log(`sysctl ${name} is not known to this kernel`);
  }
}

/** Where a recommendation of the Kernel Self Protection Project is met. */
export type Standing = "met" | "at run time" | "not met";

/** One recommendation: a kernel option and the value it should have. */
export interface Recommendation {
  readonly option: string;
  readonly want: string;
  /** What sets the same thing on a node when the kernel's configuration does not. */
  readonly runtime?: string;
}

/** The recommendations for x86-64, by https://kspp.github.io/Recommended_Settings as of Linux 6.1. */
export const RECOMMENDATIONS: readonly Recommendation[] = [
  ...wanted("y", [
    ...["BUG", "BUG_ON_DATA_CORRUPTION", "STRICT_KERNEL_RWX", "STRICT_MODULE_RWX", "VMAP_STACK"],
    ...["STACKPROTECTOR", "STACKPROTECTOR_STRONG", "STRICT_DEVMEM", "IO_STRICT_DEVMEM"],
    ...["SYN_COOKIES", "DEBUG_WX", "SCHED_STACK_END_CHECK", "SECCOMP", "SECCOMP_FILTER"],
    ...["SECURITY", "SECURITY_YAMA", "SECURITY_LANDLOCK", "SECURITY_LOCKDOWN_LSM"],
    ...[
      "SECURITY_LOCKDOWN_LSM_EARLY",
      "HARDENED_USERCOPY",
      "FORTIFY_SOURCE",
      "SLAB_FREELIST_RANDOM",
    ],
    ...[
      "SLAB_FREELIST_HARDENED",
      "SHUFFLE_PAGE_ALLOCATOR",
      "RANDOM_TRUST_CPU",
      "UBSAN",
      "UBSAN_BOUNDS",
    ],
    ...["UBSAN_TRAP", "KFENCE", "DEBUG_LIST", "DEBUG_SG", "DEBUG_NOTIFIERS", "DEBUG_CREDENTIALS"],
    ...["INIT_ON_FREE_DEFAULT_ON", "GCC_PLUGIN_LATENT_ENTROPY", "GCC_PLUGIN_STRUCTLEAK_BYREF_ALL"],
    ...["GCC_PLUGIN_RANDSTRUCT", "GCC_PLUGIN_STACKLEAK", "ZERO_CALL_USED_REGS"],
    ...["RANDOMIZE_BASE", "RANDOMIZE_MEMORY", "X86_64", "X86_UMIP", "LEGACY_VSYSCALL_NONE"],
    ...[
      "IOMMU_SUPPORT",
      "INTEL_IOMMU_DEFAULT_ON",
      "EFI_DISABLE_PCI_DMA",
      "RESET_ATTACK_MITIGATION",
    ],
    ...["MODULE_SIG", "STATIC_USERMODEHELPER", "SECURITY_DMESG_RESTRICT"],
  ]),
  { option: "INIT_ON_ALLOC_DEFAULT_ON", want: "y", runtime: "init_on_alloc=1" },
  { option: "PAGE_TABLE_ISOLATION", want: "y", runtime: "pti=on" },
  { option: "MODULE_SIG_FORCE", want: "y", runtime: "module.sig_enforce=1" },
  { option: "SLAB_MERGE_DEFAULT", want: "n", runtime: "slab_nomerge" },
  { option: "RANDOMIZE_KSTACK_OFFSET_DEFAULT", want: "y" },
  { option: "PANIC_ON_OOPS", want: "y", runtime: "oops=panic" },
  { option: "PANIC_TIMEOUT", want: "-1", runtime: "panic=10" },
  { option: "BPF_JIT", want: "n", runtime: "net.core.bpf_jit_harden=2" },
  {
    option: "BPF_UNPRIV_DEFAULT_OFF",
    want: "y",
    runtime: "kernel.unprivileged_bpf_disabled=1",
  },
  { option: "MODULES", want: "n", runtime: "kernel.modules_disabled=1" },
  { option: "LDISC_AUTOLOAD", want: "n", runtime: "dev.tty.ldisc_autoload=0" },
  { option: "LEGACY_TIOCSTI", want: "n", runtime: "dev.tty.legacy_tiocsti=0" },
  { option: "USERFAULTFD", want: "n", runtime: "vm.unprivileged_userfaultfd=0" },
  { option: "KEXEC", want: "n", runtime: "kernel.kexec_load_disabled=1" },
  ...wanted("n", [
    ...["ACPI_CUSTOM_METHOD", "BINFMT_MISC", "COMPAT_BRK", "COMPAT_VDSO", "DEVKMEM", "DEVMEM"],
    ...["HIBERNATION", "IA32_EMULATION", "INET_DIAG", "KEXEC_FILE_LOAD", "LEGACY_PTYS"],
    ...["MODIFY_LDT_SYSCALL", "PROC_KCORE", "SECURITY_SELINUX_DISABLE", "X86_MSR", "X86_X32_ABI"],
    ...["HARDENED_USERCOPY_FALLBACK", "HARDENED_USERCOPY_PAGESPAN", "X86_VSYSCALL_EMULATION"],
    ...["SECURITY_WRITABLE_HOOKS", "MODULE_FORCE_LOAD", "PROC_PAGE_MONITOR", "DEBUG_FS"],
  ]),
];

function wanted(want: string, options: readonly string[]): Recommendation[] {
  return options.map((option) => ({ option, want }));
}

/**
 * What Debian's kernel does not follow and nothing sets at run time. The list may only shrink: a new
 * entry fails the tests, and one that a new kernel follows has to be taken out.
 */
export const ACCEPTED: readonly string[] = [
  ...["BINFMT_MISC", "DEBUG_CREDENTIALS", "DEBUG_FS", "DEBUG_NOTIFIERS", "DEBUG_SG", "DEVMEM"],
  ...["EFI_DISABLE_PCI_DMA", "GCC_PLUGIN_LATENT_ENTROPY", "GCC_PLUGIN_RANDSTRUCT"],
  ...["GCC_PLUGIN_STACKLEAK", "GCC_PLUGIN_STRUCTLEAK_BYREF_ALL", "HIBERNATION", "IA32_EMULATION"],
  ...[
    "INET_DIAG",
    "INIT_ON_FREE_DEFAULT_ON",
    "INTEL_IOMMU_DEFAULT_ON",
    "KFENCE",
    "MODIFY_LDT_SYSCALL",
  ],
  ...["MODULE_FORCE_LOAD", "PROC_KCORE", "PROC_PAGE_MONITOR", "STATIC_USERMODEHELPER", "UBSAN"],
  ...["UBSAN_BOUNDS", "UBSAN_TRAP", "X86_MSR", "X86_VSYSCALL_EMULATION", "X86_X32_ABI"],
  "ZERO_CALL_USED_REGS",
];

/** A recommendation beside what a kernel has. */
export interface Finding extends Recommendation {
  readonly has: string;
  readonly standing: Standing;
}

/** Compares a kernel's configuration file with the recommendations. An absent option counts as `n`. */
export function compareConfig(
  config: string,
  recommendations: readonly Recommendation[] = RECOMMENDATIONS,
): Finding[] {
  const values = new Map<string, string>();
  for (const line of config.split("\n")) {
    const match = /^CONFIG_(\w+)=(.*)$/.exec(line);
    if (match) values.set(match[1]!, match[2]!);
  }
  return recommendations.map((recommendation) => {
    const has = values.get(recommendation.option) ?? "n";
    const otherwise: Standing = recommendation.runtime ? "at run time" : "not met";
    return { ...recommendation, has, standing: has === recommendation.want ? "met" : otherwise };
  });
}

/** The findings as a table for people, those that are not met first. */
export function securityTable(release: string, findings: readonly Finding[]): string {
  const order: Standing[] = ["not met", "at run time", "met"];
  const count = (standing: Standing) => findings.filter((one) => one.standing === standing).length;
  const rows = order.flatMap((standing) =>
    findings.filter((one) => one.standing === standing)
      .map(({ option, want, has, runtime }) =>
        `| CONFIG_${option} | ${want} | ${has} | ${standing} | ${runtime ?? ""} |`
      )
  );
  return [
    `Kernel ${release}: ${count("met")} met, ${count("at run time")} set at run time, ` +
    `${count("not met")} not met.`,
    "",
    "| Option | Recommended | Has | Standing | Set by |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** What differs from one installation to the next. */
export interface ArgumentOptions {
  /** `talos.platform`. */
  readonly platform?: string;
  /** `talos.config`. */
  readonly config?: string;
  /** Consoles, the main one last, e.g. `["tty0", "ttyS0"]`. */
  readonly consoles?: readonly string[];
}

/** Hardening that the boot refuses to go without, device and log settings, integrity policy. */
const INSTALLED = [
  "init_on_alloc=1",
  "slab_nomerge=",
  "pti=on",
  "consoleblank=0",
  "nvme_core.io_timeout=4294967295",
  "random.trust_cpu=on",
  "printk.devkmsg=on",
  "ima_template=ima-ng",
  "ima_appraise=fix",
  "ima_hash=sha512",
] as const;

/** Without them a panicking slot would hang for ever, and an unsigned module would load. */
const FAIL_SAFE = ["panic=10", "oops=panic", "module.sig_enforce=1"] as const;

/** The kernel arguments every installed slot has; join with blanks for a command line. */
export function defaultArguments(options: ArgumentOptions = {}): string[] {
  const { platform, config, consoles = [] } = options;
  return [
    ...INSTALLED,
    ...FAIL_SAFE,
    ...(platform === undefined ? [] : [`talos.platform=${platform}`]),
    ...(config === undefined ? [] : [`talos.config=${config}`]),
    ...consoles.map((console) => `console=${console}`),
  ];
}

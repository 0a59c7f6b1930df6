/**
 * Landlock: takes away from a thread, and all it starts, every file but those that are named.
 *
 * @module
 */
import { check, checkUnless } from "./errno.ts";
import { Fd, O } from "./fd.ts";
import { libc, SYS } from "./libc.ts";

const c = libc({
  // int syscall(SYS_landlock_create_ruleset, const struct landlock_ruleset_attr *attr,
  //             size_t size, __u32 flags)
  create: { name: "syscall", parameters: ["i64", "buffer", "u64", "u32"], result: "i64" },
  // int syscall(SYS_landlock_add_rule, int ruleset_fd, enum landlock_rule_type rule_type,
  //             const void *rule_attr, __u32 flags)
  addRule: { name: "syscall", parameters: ["i64", "i32", "i32", "buffer", "u32"], result: "i64" },
  // int syscall(SYS_landlock_restrict_self, int ruleset_fd, __u32 flags)
  restrictSelf: { name: "syscall", parameters: ["i64", "i32", "u32"], result: "i64" },
});

/** Struct sizes and offsets, numbers, and access bits. */
export const LANDLOCK = {
  rulesetSize: 8,
  pathBeneathSize: 12,
  allowedAccess: 0,
  parentFd: 8,
  CREATE_RULESET_VERSION: 1,
  RULE_PATH_BENEATH: 1,
  EXECUTE: 1 << 0,
  WRITE_FILE: 1 << 1,
  READ_FILE: 1 << 2,
  READ_DIR: 1 << 3,
  REFER: 1 << 13,
  TRUNCATE: 1 << 14,
  IOCTL_DEV: 1 << 15,
} as const;

/** Highest access bit that each version of the interface knows; a newer one is used as the last. */
const ACCESS_BITS_BY_ABI = [0, 13, 14, 15, 15, 16];

/** Files and trees that stay reachable; each list includes what the ones before it allow. */
export interface LandlockRules {
  read: readonly string[];
  /** May be run too: the program and its loader. Libraries need read alone. */
  execute: readonly string[];
  write: readonly string[];
}

/** The version of Landlock this kernel offers, 0 when none. */
export function landlockAbi(): number {
  const version = c.symbols.create(
    SYS.landlock_create_ruleset,
    null,
    0n,
    LANDLOCK.CREATE_RULESET_VERSION,
  );
  const known = checkUnless(["ENOSYS", "EOPNOTSUPP"], "landlock_create_ruleset", version);
  return Number(known ?? 0n);
}

/**
 * A ruleset made while the paths can still be opened; restrict() puts it on the calling thread.
 */
export class LandlockRuleset implements Disposable {
  readonly #fd: Fd;

  /** @throws {SyscallError} ENOSYS, EOPNOTSUPP without Landlock; ENOENT for a path that is missing. */
  constructor(rules: LandlockRules) {
    const all = handledAccess(landlockAbi());
    const attributes = new BigUint64Array([BigInt(all)]);
    const number = c.symbols.create(
      SYS.landlock_create_ruleset,
      attributes,
      BigInt(LANDLOCK.rulesetSize),
      0,
    );
    this.#fd = Fd.adopt(Number(check("landlock_create_ruleset", number)), "landlock ruleset");
    const read = LANDLOCK.READ_FILE | LANDLOCK.READ_DIR;
    try {
      for (const path of rules.read) this.#allow(path, read);
      for (const path of rules.execute) this.#allow(path, read | LANDLOCK.EXECUTE);
      for (const path of rules.write) this.#allow(path, all & ~LANDLOCK.EXECUTE);
    } catch (error) {
      this.#fd.close();
      throw error;
    }
  }

  #allow(path: string, access: number): void {
    using parent = Fd.open(path, O.PATH);
    const rule = new DataView(new ArrayBuffer(LANDLOCK.pathBeneathSize));
    const allowed = Deno.statSync(path).isDirectory ? access : access & FILE_ACCESS;
    rule.setBigUint64(LANDLOCK.allowedAccess, BigInt(allowed), true);
    rule.setInt32(LANDLOCK.parentFd, parent.number, true);
    const type = LANDLOCK.RULE_PATH_BENEATH;
    const result = c.symbols.addRule(SYS.landlock_add_rule, this.#fd.number, type, rule, 0);
    check("landlock_add_rule", result, path);
  }

  /** Restricts this thread and all it starts, for good. Needs no_new_privs. */
  restrict(): void {
    const result = c.symbols.restrictSelf(SYS.landlock_restrict_self, this.#fd.number, 0);
    check("landlock_restrict_self", result);
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}

/** The rights that mean something for a file that is no directory; others are EINVAL there. */
const FILE_ACCESS = LANDLOCK.EXECUTE | LANDLOCK.WRITE_FILE | LANDLOCK.READ_FILE |
  LANDLOCK.TRUNCATE | LANDLOCK.IOCTL_DEV;

/** Every access that version `abi` can take away. */
export function handledAccess(abi: number): number {
  return (1 << (ACCESS_BITS_BY_ABI[abi] ?? 16)) - 1;
}

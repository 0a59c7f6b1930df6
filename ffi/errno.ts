/**
 * One error class and one check for every C call that reports failure as -1 and errno.
 *
 * @module
 */

const libc = Deno.dlopen("libc.so.6", {
  // const char *strerrorname_np(int errnum)
  strerrorname_np: { parameters: ["i32"], result: "pointer" },
  // const char *strerrordesc_np(int errnum)
  strerrordesc_np: { parameters: ["i32"], result: "pointer" },
});

/** A C call that failed: `code` as "ENOENT", the call, and what it was about (a path, a device). */
export class SyscallError extends Error {
  /** errno as the kernel numbers it. */
  readonly errno: number;
  /** errno as C names it, such as "ENOENT". */
  readonly code: string;
  readonly syscall: string;
  readonly subject: string;

  constructor(errno: number, syscall: string, subject = "") {
    const code = constantText(libc.symbols.strerrorname_np(errno)) ?? `errno ${errno}`;
    const text = constantText(libc.symbols.strerrordesc_np(errno)) ?? "unknown error";
    super(`Cannot ${syscall}${subject && ` "${subject}"`}: ${code} (${text})`);
    this.name = "SyscallError";
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
    this.subject = subject;
  }
}

/** The errno that a function of libc() reports: it gives -1 to -4095 where C gives -1. */
function reasonOf(result: number | bigint): number | undefined {
  const number = Number(result);
  return number < 0 && number >= -4095 ? -number : undefined;
}

/** `result` of a function of libc() as it is. @throws {SyscallError} with the reason, when it failed. */
export function check<T extends number | bigint>(syscall: string, result: T, subject?: string): T {
  const reason = reasonOf(result);
  if (reason !== undefined) throw new SyscallError(reason, syscall, subject);
  return result;
}

/** As check(), but undefined where the reason is one of `codes`, states the caller expects. */
export function checkUnless<T extends number | bigint>(
  codes: readonly string[],
  syscall: string,
  result: T,
  subject?: string,
): T | undefined {
  const reason = reasonOf(result);
  if (reason === undefined) return result;
  const error = new SyscallError(reason, syscall, subject);
  if (codes.includes(error.code)) return undefined;
  throw error;
}

/** Whether `error` is a SyscallError with one of `codes`. */
export function isSyscallError(error: unknown, ...codes: string[]): error is SyscallError {
  return error instanceof SyscallError && (codes.length === 0 || codes.includes(error.code));
}

function constantText(text: Deno.PointerValue): string | undefined {
  return text === null ? undefined : Deno.UnsafePointerView.getCString(text);
}

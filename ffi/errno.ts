/**
 * One error class and one check for every C call that reports failure as -1 and errno.
 *
 * @module
 */

const libc = Deno.dlopen("libc.so.6", {
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
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

/** The errno of the last failed C call of this thread; right only in the step of that call. */
export function errno(): number {
  const location = libc.symbols.__errno_location();
  if (location === null) throw new TypeError("Cannot read errno: libc gives no location");
  return new Deno.UnsafePointerView(location).getInt32();
}

// The first read sets up its own call, which may change errno: done once, before it matters.
errno();

/** `result` of a C call as it is. @throws {SyscallError} when it is -1, with errno's reason. */
export function check<T extends number | bigint>(syscall: string, result: T, subject?: string): T {
  // Loose on purpose: -1 and -1n are both failure.
  if (Number(result) === -1) throw new SyscallError(errno(), syscall, subject);
  return result;
}

/** As check(), but undefined where errno is one of `codes`, states the caller expects. */
export function checkUnless<T extends number | bigint>(
  codes: readonly string[],
  syscall: string,
  result: T,
  subject?: string,
): T | undefined {
  if (Number(result) !== -1) return result;
  const error = new SyscallError(errno(), syscall, subject);
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

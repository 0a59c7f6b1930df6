/**
 * A file descriptor that is owned: closed once, at the end of its `using` scope.
 *
 * @module
 */
import { check, checkUnless } from "./errno.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";

const c = libc({
  // int open(const char *path, int flags, mode_t mode)
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int dup2(int oldfd, int newfd)
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // off_t lseek(int fd, off_t offset, int whence)
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // int pipe2(int pipefd[2], int flags)
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // int fcntl(int fd, int op, int arg)
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int ioctl(int fd, unsigned long request, ...)
  ioctlNumber: { name: "ioctl", parameters: ["i32", "u64", "i64"], result: "i32" },
  ioctlBuffer: { name: "ioctl", parameters: ["i32", "u64", "buffer"], result: "i32" },
});

/** Flags of open(2). O_DIRECTORY and its like differ by architecture and are left out. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

/** Operations of fcntl(2). */
export const F = { GETFL: 3, SETFL: 4 } as const;

/** Where lseek(2) counts from. */
export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3 } as const;

/** An open file descriptor with one owner; close it, or hold it by `using`. */
export class Fd implements Disposable {
  #number: number;
  readonly subject: string;

  private constructor(number: number, subject: string) {
    this.#number = number;
    this.subject = subject;
  }

  /** Opens `path`; O_CLOEXEC is always added. @throws {SyscallError} as open(2). */
  static open(path: string, flags: number = O.RDONLY, mode = 0): Fd {
    const number = check("open", c.symbols.open(cString(path), flags | O.CLOEXEC, mode), path);
    return new Fd(number, path);
  }

  /** Takes over `number`, as another call returned it; `subject` names it in errors. */
  static adopt(number: number, subject: string): Fd {
    return new Fd(number, subject);
  }

  /** The number for a call to C. @throws {TypeError} when it is closed, so none is hit by mistake. */
  get number(): number {
    if (this.#number < 0) throw new TypeError(`Cannot use "${this.subject}": it is closed`);
    return this.#number;
  }

  get closed(): boolean {
    return this.#number < 0;
  }

  /** Reads once into `buffer` and gives the bytes read, none at the end; undefined on EAGAIN. */
  read(buffer: Uint8Array<ArrayBuffer>): number | undefined {
    const count = checkUnless(
      ["EAGAIN"],
      "read",
      c.symbols.read(this.number, buffer, BigInt(buffer.length)),
      this.subject,
    );
    return count === undefined ? undefined : Number(count);
  }

  /** Writes once and gives the bytes taken; undefined on EAGAIN. */
  write(bytes: Uint8Array<ArrayBuffer>): number | undefined {
    const count = checkUnless(
      ["EAGAIN"],
      "write",
      c.symbols.write(this.number, bytes, BigInt(bytes.length)),
      this.subject,
    );
    return count === undefined ? undefined : Number(count);
  }

  /** Writes all of `bytes` to a blocking descriptor. @throws {SyscallError} as write(2). */
  writeAll(bytes: Uint8Array<ArrayBuffer>): void {
    for (let done = 0; done < bytes.length;) {
      const count = check(
        "write",
        c.symbols.write(this.number, bytes.subarray(done), BigInt(bytes.length - done)),
        this.subject,
      );
      done += Number(count);
    }
  }

  /** Moves to `offset` from `whence` and gives the new position. */
  seek(offset: number, whence: keyof typeof SEEK = "SET"): number {
    const result = c.symbols.lseek(this.number, BigInt(offset), SEEK[whence]);
    return Number(check("lseek", result, this.subject));
  }

  /** ioctl(2) with a number or a struct as its argument; `name` is the request's name in errors. */
  ioctl(name: string, request: number, argument: number | BufferSource = 0): number {
    const result = typeof argument === "number"
      ? c.symbols.ioctlNumber(this.number, BigInt(request), BigInt(argument))
      : c.symbols.ioctlBuffer(this.number, BigInt(request), argument);
    return check(`ioctl ${name}`, result, this.subject);
  }

  /** Makes `target` (0, 1, 2 …) another name of this descriptor, inherited by children. */
  dup2(target: number): void {
    check("dup2", c.symbols.dup2(this.number, target), this.subject);
  }

  /** Makes reads and writes give undefined instead of blocking. */
  setNonblocking(): void {
    const flags = check("fcntl", c.symbols.fcntl(this.number, F.GETFL, 0), this.subject);
    check("fcntl", c.symbols.fcntl(this.number, F.SETFL, flags | O.NONBLOCK), this.subject);
  }

  /** Gives the number to a new owner: this object no longer closes it. */
  release(): number {
    const number = this.number;
    this.#number = -1;
    return number;
  }

  /** Closes once; a second call does nothing. */
  close(): void {
    if (this.#number < 0) return;
    // The number is gone whatever close(2) says, so its result is not an error anyone can act on.
    c.symbols.close(this.release());
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A pipe; both ends are O_CLOEXEC. `flags` such as O.NONBLOCK go to both. */
export function pipe(flags = 0): { readable: Fd; writable: Fd } {
  const ends = new Int32Array(2);
  check("pipe2", c.symbols.pipe2(ends, flags | O.CLOEXEC));
  const [readable = -1, writable = -1] = ends;
  return { readable: Fd.adopt(readable, "pipe"), writable: Fd.adopt(writable, "pipe") };
}

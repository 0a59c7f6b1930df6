/**
 * Ends or restarts the machine.
 *
 * @module
 */
import { check } from "./errno.ts";
import { libc } from "./libc.ts";

const c = libc({
  // int reboot(int cmd)
  reboot: { parameters: ["u32"], result: "i32" },
});

/** Commands of reboot(2). */
export const REBOOT = {
  RESTART: 0x01234567,
  HALT: 0xcdef0123,
  POWER_OFF: 0x4321fedc,
  CAD_ON: 0x89abcdef,
  CAD_OFF: 0,
  KEXEC: 0x45584543,
} as const;

/**
 * Does `command` at once: nothing is synced, unmounted or stopped by it. Only CAD_ON and CAD_OFF
 * return; with CAD_OFF Ctrl-Alt-Del sends SIGINT to PID 1 instead of restarting.
 * @throws {SyscallError} EPERM without CAP_SYS_BOOT, EINVAL for an unknown command.
 */
export function reboot(command: keyof typeof REBOOT): void {
  check("reboot", c.symbols.reboot(REBOOT[command]), command);
}

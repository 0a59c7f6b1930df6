/** The early stage's voice: the kernel log, which every console shows and `dmesg` keeps. */
import { Fd, O } from "$ffi/fd.ts";

const encoder = new TextEncoder();

/** Whether and how fast programs may write to the kernel log; the default drops lines of ours. */
const DEVKMSG = "/proc/sys/kernel/printk_devkmsg";

/**
 * Points fds 0-2 at the console of this /dev: those the kernel gave us are of the initramfs' own
 * node, which is covered now. Lets every line of ours into the kernel log.
 */
export function openConsole(): void {
  using device = Fd.open("/dev/console", O.RDWR | O.NOCTTY);
  for (const fd of [0, 1, 2]) device.dup2(fd);
  // Given on the command line (printk.devkmsg=on), the setting can no longer be written.
  if (Deno.readTextFileSync(DEVKMSG).trim() !== "on") Deno.writeTextFileSync(DEVKMSG, "on\n");
}

/** One line into the kernel log. A record without the newline would stay invisible until the next. */
export function say(line: string): void {
  try {
    using kmsg = Fd.open("/dev/kmsg", O.WRONLY);
    kmsg.write(encoder.encode(`<6>[talos] ${line}\n`));
  } catch {
    // Without /dev there is no log either; the sentence of a failed boot goes to fd 2 as well.
  }
}

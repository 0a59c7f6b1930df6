/**
 * Keys and buttons, first of all the power button.
 *
 * @module
 */
import { Fd, O } from "./fd.ts";
import type { FdPoller } from "./poller.ts";

/** Byte offsets in struct input_event on 64-bit Linux, and the codes we look for. */
export const INPUT_EVENT = {
  size: 24,
  type: 16,
  code: 18,
  value: 20,
  EV_KEY: 1,
  KEY_POWER: 116,
} as const;

/** One event; a key's `value` is 1 pressed, 0 released, 2 repeated. */
export interface InputEvent {
  type: number;
  code: number;
  value: number;
}

/** The events of an input device until `signal` ends or the device goes. The caller keeps `fd`. */
export async function* inputEvents(
  fd: Fd,
  poller: FdPoller,
  signal?: AbortSignal,
): AsyncGenerator<InputEvent> {
  const buffer = new Uint8Array(64 * INPUT_EVENT.size);
  const view = new DataView(buffer.buffer);
  for (;;) {
    const count = fd.read(buffer);
    if (count === 0) return;
    if (count === undefined) await poller.readable(fd, signal);
    for (let at = 0; at + INPUT_EVENT.size <= (count ?? 0); at += INPUT_EVENT.size) {
      yield {
        type: view.getUint16(at + INPUT_EVENT.type, true),
        code: view.getUint16(at + INPUT_EVENT.code, true),
        value: view.getInt32(at + INPUT_EVENT.value, true),
      };
    }
  }
}

/** Resolves when the power button at `fd` is pressed; false when the device went first. */
export async function powerButtonPressed(
  fd: Fd,
  poller: FdPoller,
  signal?: AbortSignal,
): Promise<boolean> {
  for await (const { type, code, value } of inputEvents(fd, poller, signal)) {
    const isPower = type === INPUT_EVENT.EV_KEY && code === INPUT_EVENT.KEY_POWER;
    if (isPower && value === 1) return true;
  }
  return false;
}

/**
 * Resolves when one of the power buttons at `paths` is pressed: a keyboard has that key too, so
 * there is often more than one. @throws {AggregateError} once none of them can be pressed any more.
 */
export async function anyPowerButtonPressed(
  paths: readonly string[],
  poller: FdPoller,
  signal?: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const waits = paths.map(async (path) => {
    using fd = openInput(path);
    if (await powerButtonPressed(fd, poller, either)) return;
    throw new Error(`Cannot hear power button "${path}": the device is gone`);
  });
  try {
    await Promise.any(waits);
  } finally {
    stop.abort();
    // Each closes its device before this one returns.
    await Promise.allSettled(waits);
  }
}

/** The device files below `dev` of inputs with a power button; `sys` is where sysfs lists inputs. */
export function findPowerButtons(sys = "/sys/class/input", dev = "/dev/input"): string[] {
  return namesIn(sys).filter((name) => {
    if (!/^event\d+$/.test(name)) return false;
    const keys = Deno.readTextFileSync(`${sys}/${name}/device/capabilities/key`);
    return hasBit(keys, INPUT_EVENT.KEY_POWER);
  }).map((name) => `${dev}/${name}`);
}

/** Opens an input device for inputEvents(). @throws {SyscallError} ENOENT, EACCES. */
export function openInput(path: string): Fd {
  return Fd.open(path, O.RDONLY | O.NONBLOCK);
}

/** Whether `bit` is set in sysfs' bitmap: 64-bit words in hex, the highest first. */
export function hasBit(bitmap: string, bit: number): boolean {
  const words = bitmap.trim().split(/\s+/).reverse();
  const word = BigInt(`0x${words[Math.floor(bit / 64)] || "0"}`);
  return ((word >> BigInt(bit % 64)) & 1n) === 1n;
}

function namesIn(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map((entry) => entry.name).sort();
  } catch (error) {
    // No input driver is loaded.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** What follows a boot that cannot go on. */
import { reboot } from "$ffi/reboot.ts";
import { say } from "./console.ts";
import { armWatchdog } from "./watchdog.ts";

/** Seconds until the reboot where the command line says nothing. */
const DEFAULT_SECONDS = 10;

/**
 * Says why the boot stopped, counts down and reboots; with `panic=0` it stays, so that someone can
 * read the console. Never returns.
 */
export async function stop(error: unknown, panicSeconds = DEFAULT_SECONDS): Promise<never> {
  const reason = error instanceof Error ? error.message : String(error);
  say(`boot stopped: ${reason}`);
  if (panicSeconds === 0) return await stay("panic=0: the machine stays stopped");
  for (let seconds = Math.abs(panicSeconds); seconds > 0; seconds--) {
    say(`rebooting in ${seconds} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  reboot("RESTART");
  return await new Promise(() => {});
}

/** Far below the watchdog's limit of 60 s, milliseconds. */
const FEED_MS = 10_000;

/**
 * Says why the machine stays where it is, and keeps the hardware from ending that; reboots after `ms`
 * where that is told. Never returns.
 */
export async function stay(reason: string, ms?: number): Promise<never> {
  say(reason);
  setInterval(armWatchdog, FEED_MS);
  if (ms !== undefined) setTimeout(() => reboot("RESTART"), ms);
  return await new Promise(() => {});
}

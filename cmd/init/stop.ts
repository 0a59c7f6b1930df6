/** What follows a boot that cannot go on. */
import { reboot } from "$ffi/reboot.ts";
import { say } from "./console.ts";

/** Seconds until the reboot where the command line says nothing. */
const DEFAULT_SECONDS = 10;

/**
 * Says why the boot stopped, counts down and reboots; with `panic=0` it stays, so that someone can
 * read the console. Never returns.
 */
export async function stop(error: unknown, panicSeconds = DEFAULT_SECONDS): Promise<never> {
  const reason = error instanceof Error ? error.message : String(error);
  say(`boot stopped: ${reason}`);
  if (panicSeconds === 0) {
    say("panic=0: the machine stays stopped");
    return await new Promise(() => {});
  }
  for (let seconds = Math.abs(panicSeconds); seconds > 0; seconds--) {
    say(`rebooting in ${seconds} seconds`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  reboot("RESTART");
  return await new Promise(() => {});
}

/** The power button of the machine, as ACPI and hypervisors press it. */
import { anyPowerButtonPressed, findPowerButtons } from "$ffi/evdev.ts";
import type { FdPoller } from "$ffi/poller.ts";
import { type Clock } from "$lib/service/mod.ts";
import type { PowerRequests } from "./power.ts";

/** Drivers of buttons may load late. */
const LOOK_AGAIN_MS = 2_000;

/** Asks for a shutdown when the button is pressed; looks for buttons until there is one. */
export async function listenForPowerButton(
  requests: PowerRequests,
  deps: { poller: FdPoller; clock: Clock; log: (line: string) => void },
): Promise<void> {
  for (;;) {
    try {
      const buttons = findPowerButtons();
      if (buttons.length > 0) {
        await anyPowerButtonPressed(buttons, deps.poller);
        deps.log("power button pressed: shutdown");
        requests.request("shutdown", "power button");
        return;
      }
    } catch (error) {
      deps.log(`power button cannot be read: ${error instanceof Error ? error.message : error}`);
    }
    await deps.clock.sleep(LOOK_AGAIN_MS);
  }
}

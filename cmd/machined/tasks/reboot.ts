import { aborted } from "$lib/clock/mod.ts";
import type { PowerAction, PowerRequests } from "../pid1/power.ts";
import type { Task } from "../sequences/engine.ts";

/**
 * The last task of a sequence that ends the machine: asks for it, and waits until the sequence that does
 * it takes over. Nothing else begins meanwhile.
 */
export function askFor(
  action: PowerAction,
  { power }: { readonly power: Pick<PowerRequests, "request"> },
  origin: string,
): Task {
  return {
    name: action,
    handsOver: true,
    async run(signal) {
      power.request(action, origin);
      await aborted(signal);
    },
  };
}

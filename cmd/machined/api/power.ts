import type { MachineApi } from "./_impl.ts";

/** Who takes the node down: takes the request and returns, the sequence runs on its own. */
export interface PowerDeps {
  readonly power: { request(action: "reboot" | "shutdown", origin: string): void };
}

/** Asks for a reboot or a shutdown; the answer is on its way before the node goes down. */
export function powerApi({ power }: PowerDeps): MachineApi<"reboot" | "shutdown"> {
  return {
    reboot() {
      power.request("reboot", "API");
      return { messages: [{}] };
    },
    shutdown() {
      power.request("shutdown", "API");
      return { messages: [{}] };
    },
  };
}

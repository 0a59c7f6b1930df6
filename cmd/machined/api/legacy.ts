import { Code, ConnectError } from "@connectrpc/connect";
import type { MachineApi } from "./_impl.ts";

/** What was about control planes of earlier releases. */
export function legacyApi(): MachineApi<"recover"> {
  return {
    recover() {
      throw new ConnectError(
        "recover is not supported since Talos 0.9, use apply-config or bootstrap --recover-from",
        Code.Unimplemented,
      );
    },
  };
}

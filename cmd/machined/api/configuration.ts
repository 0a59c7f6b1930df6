import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { ConfigurationService } from "$proto/configuration/configuration_pb.ts";
import type { ApplyMode, ConfigChanges } from "./config_changes.ts";
import type { MachineApi } from "./_impl.ts";

/** How long a configuration is tried when the call does not say, and at most, milliseconds. */
const TRY_MS = 60_000;
const LONGEST_TRY_MS = 24 * 3_600_000;

/** Takes changes of the configuration. */
export interface ConfigurationDeps {
  readonly changes: Pick<ConfigChanges, "apply" | "check" | "try" | "confirm">;
}

/** Takes a new configuration, as 0.9 does. */
export function configurationApi({ changes }: ConfigurationDeps): MachineApi<"applyConfiguration"> {
  return {
    async applyConfiguration(request) {
      await changes.apply(request.data, modeOf(request));
      return { messages: [{}] };
    },
  };
}

/** Looks at a change before it is made, and makes one that takes itself back. */
export function configurationService(
  { changes }: ConfigurationDeps,
): ServiceImpl<typeof ConfigurationService> {
  return {
    async check(request) {
      const { diff, refusal, warnings } = await changes.check(request.data, modeOf(request));
      return { messages: [{ diff, refusal: refusal ?? "", warnings: [...warnings] }] };
    },
    async try({ data, timeout }) {
      const ms = timeout === undefined ? TRY_MS : durationMs(timeout);
      if (!(ms >= 1_000 && ms <= LONGEST_TRY_MS)) {
        throw new ConnectError(
          `Cannot try the configuration for ${ms} ms: a second to a day is allowed`,
          Code.InvalidArgument,
        );
      }
      await changes.try(data, ms);
      return { messages: [{}] };
    },
    async confirm() {
      await changes.confirm();
      return { messages: [{}] };
    },
  };
}

/** Immediate wins, as in 0.9. */
function modeOf(asked: { readonly immediate: boolean; readonly onReboot: boolean }): ApplyMode {
  return asked.immediate ? "immediate" : asked.onReboot ? "onReboot" : "reboot";
}

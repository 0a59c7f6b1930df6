import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { flag, UsageError } from "$lib/cli/mod.ts";
import { ConfigurationService } from "$proto/configuration/configuration_pb.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "./client/client.ts";
import { type NodeFailure, NodesError } from "./errors.ts";
import type { Printer } from "./printer.ts";

/** When a node takes up a configuration; none of both is with a reboot, at once. */
export interface ApplyTime {
  readonly immediate: boolean;
  readonly onReboot: boolean;
}

/** When a node takes up a configuration, and whether it keeps it. */
export interface ApplyMode extends ApplyTime {
  /** Only says what would happen. */
  readonly dryRun: boolean;
  /** Takes the change back after `timeout` milliseconds unless it is confirmed. */
  readonly try: boolean;
  readonly timeout: number;
}

/** The flags of every command that changes a configuration, beside when it is taken up. */
export const TRIAL_FLAGS = {
  dryRun: flag.boolean("show what would change, and whether it would be taken, and change nothing"),
  try: flag.boolean(
    "apply immediately and take it back after --timeout, unless 'apply-config --confirm' comes first",
  ),
  timeout: flag.duration("how long --try waits for the confirmation", { fallback: 60_000 }),
} as const;

/** Refuses modes that exclude each other. @throws {UsageError} */
export function checkMode({ onReboot, dryRun, try: tries }: ApplyMode): void {
  if (tries && onReboot) throw new UsageError("--try and --on-reboot exclude each other");
  if (tries && dryRun) throw new UsageError("--try and --dry-run exclude each other");
}

/** Sends a configuration to the nodes of `client`. */
export async function applyConfig(
  client: Client,
  out: Printer,
  data: Uint8Array,
  mode: ApplyMode,
): Promise<void> {
  const { immediate, onReboot } = mode;
  if (mode.dryRun) {
    await check(client, out, { data, immediate, onReboot });
  } else if (mode.try) {
    const timeout = durationFromMs(mode.timeout);
    await client.unary(ConfigurationService.method.try, { data, timeout });
    out.note("being tried: keep it with 'talosctl apply-config --confirm'");
  } else {
    await client.unary(MachineService.method.applyConfiguration, { data, immediate, onReboot });
  }
}

async function check(
  client: Client,
  out: Printer,
  request: ApplyTime & { readonly data: Uint8Array },
): Promise<void> {
  const refusals: NodeFailure[] = [];
  const answers = await client.unary(ConfigurationService.method.check, request);
  for (const { node, message: { diff, refusal, warnings } } of answers) {
    for (const warning of warnings) out.note(`${node}: ${warning}`);
    out.line(diff === "" ? `${node}: no changes` : `${node}:\n${diff.trimEnd()}`);
    // The difference is shown already: what is left to say stands before it.
    const [reason] = refusal.split("\ndiff: ", 1);
    if (reason) refusals.push({ node, reason: `would be refused: ${reason}` });
  }
  if (refusals.length > 0) throw new NodesError(refusals);
}

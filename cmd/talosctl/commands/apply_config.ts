import { flag, UsageError } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { readText } from "../files.ts";
import { command, type Session } from "../session.ts";

/** `talosctl apply-config` */
export const applyConfigCommand = command({
  summary: "Apply a new configuration to a node",
  args: { usage: "[machineconfig|config]", min: 0, max: 1 },
  flags: {
    file: flag.string("the filename of the updated configuration", { short: "f" }),
    insecure: flag.boolean(
      "apply the config using the insecure (encrypted with no auth) maintenance service",
      {
        short: "i",
      },
    ),
    certFingerprint: flag.list(
      "list of server certificate fingerprints to accept (defaults to no check)",
    ),
    immediate: flag.boolean("apply the config immediately (without a reboot)"),
    onReboot: flag.boolean("apply the config on reboot"),
    interactive: flag.boolean("apply the config using text based interactive mode"),
    noReboot: flag.boolean("apply the config only after the reboot", { hidden: true }),
  },
  async run(flags, session: Session, [kind]) {
    if (kind !== undefined && kind !== "machineconfig" && kind !== "config") {
      throw new UsageError(
        `unknown command argument "${kind}": machineconfig or config is applied`,
      );
    }
    if (flags.interactive) {
      throw new Error(
        "Cannot apply interactively: this release has no text based installer, use --file",
      );
    }
    if (flags.file === "") {
      throw new UsageError("no filename supplied for configuration: set --file flag");
    }
    const data = new TextEncoder().encode(await readText(session.host.files, flags.file));
    if (data.length < 1) throw new Error("no configuration data read");
    const request = {
      data,
      immediate: flags.immediate,
      onReboot: flags.onReboot || flags.noReboot,
    };
    const client = flags.insecure
      ? await session.maintenanceClient(flags.certFingerprint)
      : await session.client();
    await client.unary(MachineService.method.applyConfiguration, request);
  },
});

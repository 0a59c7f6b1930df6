import { flag, UsageError } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ConfigurationService } from "$proto/configuration/configuration_pb.ts";
import { applyConfig, checkMode, TRIAL_FLAGS } from "../apply.ts";
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
    ...TRIAL_FLAGS,
    confirm: flag.boolean("keep the configuration that --try applied"),
    interactive: flag.boolean("apply the config using text based interactive mode"),
    noReboot: flag.boolean("apply the config only after the reboot", { hidden: true }),
  },
  async run(flags, session: Session, [kind]) {
    if (kind !== undefined && kind !== "machineconfig" && kind !== "config") {
      throw new UsageError(
        `unknown command argument "${kind}": machineconfig or config is applied`,
      );
    }
    const mode = { ...flags, onReboot: flags.onReboot || flags.noReboot };
    checkMode(mode);
    if (flags.insecure && (flags.dryRun || flags.try || flags.confirm)) {
      throw new UsageError("a node in maintenance mode knows no --dry-run, --try and --confirm");
    }
    if (flags.confirm) {
      const client = await session.client();
      await client.unary(ConfigurationService.method.confirm, {});
      return;
    }
    if (flags.interactive && !flags.insecure) {
      throw new UsageError(
        "--interactive is for a node in maintenance mode: set --insecure too, or supply a --file",
      );
    }
    if (flags.interactive) return await applyInteractively(session, flags.certFingerprint);
    if (flags.file === "") {
      throw new UsageError("no filename supplied for configuration: set --file flag");
    }
    const data = new TextEncoder().encode(await readText(session.host.files, flags.file));
    if (data.length < 1) throw new Error("no configuration data read");
    const client = flags.insecure
      ? await session.maintenanceClient(flags.certFingerprint)
      : await session.client();
    await applyConfig(client, session.out, data, mode);
  },
});

/** Asks for the configuration field by field; the talosconfig that comes with it joins the user's. */
async function applyInteractively(
  session: Session,
  fingerprints: readonly string[],
): Promise<void> {
  const { generate, installerForm, nodeFacts } = await import("../installer.ts");
  const { ask } = await import("../form/ask.ts");
  const client = await session.maintenanceClient(fingerprints);
  const [node = ""] = session.target.nodes;
  const facts = await nodeFacts(client, node);
  const made = await (async () => {
    await using screen = session.host.screen();
    return await ask(screen, installerForm(facts), async (values) => {
      const generated = await generate(client, values, facts);
      await client.unary(MachineService.method.applyConfiguration, { data: generated.config });
      return generated;
    }, session.signal);
  })();
  if (!made) return session.out.note("nothing was applied");
  await joinTalosconfig(session, made.talosconfig, node);
}

async function joinTalosconfig(session: Session, text: string, node: string): Promise<void> {
  const {
    mergeTalosconfig,
    openTalosconfig,
    saveTalosconfig,
    setEndpoints,
    setNodes,
    Talosconfig,
  } = await import("$lib/talosconfig/mod.ts");
  const path = await session.talosconfigPath();
  const base = await openTalosconfig(session.host.files, path);
  const added = setNodes(setEndpoints(Talosconfig.parse(text), [node]), [node]);
  const { config, renames } = mergeTalosconfig(base, added);
  await saveTalosconfig(session.host.files, path, config);
  for (const { from, to } of renames) {
    session.out.line(`renamed talosconfig context "${from}" -> "${to}"`);
  }
  session.out.line(`the configuration was applied; "${path}" has the context "${config.current}"`);
}

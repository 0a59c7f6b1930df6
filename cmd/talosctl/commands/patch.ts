import { flag, UsageError } from "$lib/cli/mod.ts";
import { checkMode, TRIAL_FLAGS } from "../apply.ts";
import { readText } from "../files.ts";
import { nodeConfigs, refusalText } from "../machine_configs.ts";
import { command, type Session } from "../session.ts";
import { changeableNames } from "./_resource_names.ts";

/** `talosctl patch` */
export const patchCommand = command({
  summary: "Update field(s) of a resource using a JSON patch",
  description:
    `Update field(s) of a resource using a JSON patch (RFC 6902), written as JSON or YAML.
Lines that the patch does not change stay as they are, comments included.`,
  args: { usage: "<type> [<id>]", min: 1, max: 2 },
  flags: {
    namespace: flag.string("resource namespace (default is to use default namespace per resource)"),
    patch: flag.string("the patch to be applied to the resource", { short: "p" }),
    patchFile: flag.string("a file containing a patch to be applied to the resource"),
    immediate: flag.boolean("apply the change immediately (without a reboot)"),
    onReboot: flag.boolean("apply the change on next reboot"),
    ...TRIAL_FLAGS,
  },
  async run({ namespace, patch, patchFile, ...mode }, session: Session, [type = "", id = ""]) {
    if ((patch === "") === (patchFile === "")) {
      throw new UsageError("exactly one of the flags --patch and --patch-file has to be set");
    }
    checkMode(mode);
    const { applyPatch, parsePatch } = await import("$lib/config/mod.ts");
    const steps = parsePatch(patch || await readText(session.host.files, patchFile));
    const client = await session.client();
    for (const config of await nodeConfigs(client, { namespace, type, id })) {
      try {
        const text = applyPatch(config.text, steps);
        if (text === config.text) {
          session.out.line("Apply was skipped: no changes detected.");
          continue;
        }
        await config.change(text, mode, session.out);
        if (!mode.dryRun) session.out.line(`patched ${type} at the node ${config.node}`);
      } catch (error) {
        if (!config.named) throw error;
        // The other nodes get their patch; what failed is told at the end.
        client.failures.push({ node: config.node, reason: refusalText(error) });
      }
    }
  },
  complete: changeableNames,
});

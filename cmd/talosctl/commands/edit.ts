import { join } from "node:path";
import { flag } from "$lib/cli/mod.ts";
import { readText, SECRET, writeWhole } from "../files.ts";
import { type ApplyMode, checkMode, TRIAL_FLAGS } from "../apply.ts";
import { type ChangeableConfig, nodeConfigs, refusalText } from "../machine_configs.ts";
import { editorHeader, hasContent, withoutHeader } from "../output/editor_text.ts";
import { command, type Session } from "../session.ts";
import { changeableNames } from "./_resource_names.ts";

/** `talosctl edit` */
export const editCommand = command({
  summary: "Edit a resource from the default editor",
  description:
    `Edit a machine configuration in the editor that TALOS_EDITOR or EDITOR names, or 'vi'.
When the node refuses what was saved, the editor opens again and says why in a comment.`,
  args: { usage: "<type> [<id>]", min: 1, max: 2 },
  flags: {
    namespace: flag.string("resource namespace (default is to use default namespace per resource)"),
    immediate: flag.boolean("apply the change immediately (without a reboot)"),
    onReboot: flag.boolean("apply the change on next reboot"),
    ...TRIAL_FLAGS,
  },
  async run({ namespace, ...mode }, session: Session, [type = "", id = ""]) {
    checkMode(mode);
    const client = await session.client();
    for (const config of await nodeConfigs(client, { namespace, type, id })) {
      await editOne(session, config, mode);
    }
  },
  complete: changeableNames,
});

async function editOne(session: Session, config: ChangeableConfig, mode: ApplyMode): Promise<void> {
  const { files } = session.host;
  const directory = await files.makeTempDir({ prefix: "talosctl-edit-" });
  const path = join(directory, `machineconfig-${config.node.replaceAll(/[^\w.-]/g, "_")}.yaml`);
  let unsaved = false;
  try {
    let text = config.text;
    for (let fault: string | undefined;;) {
      const edited = await openEditor(session, path, editorHeader(config.node, fault), text);
      const skipped = whySkipped(edited, config.text);
      unsaved = skipped === undefined;
      if (skipped !== undefined) return session.out.line(`Apply was skipped: ${skipped}.`);
      if (fault !== undefined && edited === text) throw new Error(fault);
      text = edited;
      try {
        await config.change(text, mode, session.out);
        unsaved = false;
        return;
      } catch (error) {
        session.signal.throwIfAborted();
        fault = refusalText(error);
      }
    }
  } finally {
    if (unsaved) session.out.note(`what was edited is kept in "${path}"`);
    else await files.remove(directory, { recursive: true });
  }
}

function whySkipped(edited: string, before: string): string | undefined {
  if (!hasContent(edited)) return "empty file";
  return edited === before ? "no changes detected" : undefined;
}

/** What the user made of `text`. @throws {Error} when the editor fails, which is how to give up. */
async function openEditor(
  { host }: Session,
  path: string,
  header: string,
  text: string,
): Promise<string> {
  const editor = host.env.TALOS_EDITOR || host.env.EDITOR || "vi";
  await writeWhole(host.files, path, header + text, SECRET);
  const code = await host.edit(editor, path);
  if (code !== 0) throw new Error(`Cannot edit: the editor "${editor}" ended with code ${code}`);
  return withoutHeader(await readText(host.files, path), header);
}

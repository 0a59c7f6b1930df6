import { exactly, flag, group, splitList } from "$lib/cli/mod.ts";
import type { Candidate } from "$lib/cli/mod.ts";
import {
  addContext,
  contextOf,
  mergeTalosconfig,
  openTalosconfig,
  saveTalosconfig,
  setEndpoints,
  setNodes,
  Talosconfig,
  useContext,
} from "$lib/talosconfig/mod.ts";
import { readText } from "../files.ts";
import { chosenContext } from "../target.ts";
import { command, type Session, tableCommand } from "../session.ts";

const addCommand = command({
  summary: "Add a new context",
  args: exactly("<context>"),
  flags: {
    ca: flag.string("the path to the CA certificate", { required: true }),
    crt: flag.string("the path to the certificate", { required: true }),
    key: flag.string("the path to the key", { required: true }),
  },
  async run(flags, session: Session, [name = ""]) {
    const { files } = session.host;
    const pem = {
      ca: await readText(files, flags.ca),
      crt: await readText(files, flags.crt),
      key: await readText(files, flags.key),
    };
    await edit(session, (config) => addContext(config, name, contextOf(pem)));
  },
});

const contextCommand = command({
  summary: "Set the current context",
  args: exactly("<context>"),
  run: (_flags, session: Session, [name = ""]) =>
    edit(session, (config) => useContext(config, name)),
  complete: (session, args) => args.length > 0 ? Promise.resolve([]) : contextNames(session),
});

const contextsCommand = tableCommand({
  summary: "List contexts defined in Talos config",
  async run(_flags, session: Session) {
    session.out.table(contextRows(await open(session)));
  },
});

const endpointCommand = command({
  summary: "Set the endpoint(s) for the current context",
  args: { usage: "<endpoint>...", min: 0, max: Infinity },
  run: (_flags, session: Session, endpoints) =>
    edit(
      session,
      (config) =>
        inContext(config, session, (chosen) => setEndpoints(chosen, endpoints.flatMap(splitList))),
    ),
});

const nodeCommand = command({
  summary: "Set the node(s) for the current context",
  args: { usage: "<node>...", min: 0, max: Infinity },
  run: (_flags, session: Session, nodes) =>
    edit(
      session,
      (config) =>
        inContext(config, session, (chosen) => setNodes(chosen, nodes.flatMap(splitList))),
    ),
});

const mergeCommand = command({
  summary: "Merge additional contexts from another Talos config into the default config",
  description:
    "Contexts with the same name are renamed while merging configs, unless --overwrite is set.",
  args: exactly("<from>"),
  flags: {
    overwrite: flag.boolean("replace contexts of the same name instead of renaming the new ones"),
  },
  async run({ overwrite }, session: Session, [from = ""]) {
    const added = Talosconfig.parse(await readText(session.host.files, from));
    await edit(session, (base) => {
      const { config, renames } = mergeTalosconfig(base, added, { overwrite });
      for (const rename of renames) {
        session.out.line(`renamed talosconfig context "${rename.from}" -> "${rename.to}"`);
      }
      return config;
    });
  },
});

/** `talosctl config` */
export const configCommand = group<Session>({
  summary: "Manage the client configuration",
  children: [
    { names: ["add"], load: () => Promise.resolve(addCommand) },
    { names: ["context", "use-context"], load: () => Promise.resolve(contextCommand) },
    { names: ["contexts", "get-contexts"], load: () => Promise.resolve(contextsCommand) },
    { names: ["endpoint", "endpoints"], load: () => Promise.resolve(endpointCommand) },
    {
      names: ["generate"],
      hidden: true,
      load: async () => (await import("./gen_config.ts")).genConfigCommand,
    },
    { names: ["merge"], load: () => Promise.resolve(mergeCommand) },
    { names: ["node", "nodes"], load: () => Promise.resolve(nodeCommand) },
  ],
});

async function open(session: Session): Promise<Talosconfig> {
  return await openTalosconfig(session.host.files, await session.talosconfigPath());
}

async function edit(session: Session, change: (config: Talosconfig) => Talosconfig): Promise<void> {
  const path = await session.talosconfigPath();
  const config = await openTalosconfig(session.host.files, path);
  await saveTalosconfig(session.host.files, path, change(config));
}

/** Edits the context that `--context` names; the one that was current stays it. */
function inContext(
  config: Talosconfig,
  session: Session,
  change: (config: Talosconfig) => Talosconfig,
): Talosconfig {
  const { context } = session.target;
  chosenContext(config, context);
  if (context === "" || context === config.current) return change(config);
  const changed = change(useContext(config, context));
  return config.find(config.current) ? useContext(changed, config.current) : changed;
}

async function contextNames(session: Session): Promise<Candidate[]> {
  return (await open(session)).names.sort().map((value) => ({ value }));
}

/** More nodes than this are cut in the table. */
const SHOWN_NODES = 3;

/** The table of `config contexts`, sorted by name. */
export function contextRows(config: Talosconfig): string[][] {
  const rows = config.names.sort().map((name) => {
    const { endpoints = [], nodes = [] } = config.find(name) ?? {};
    const shown = nodes.slice(0, SHOWN_NODES).join(",");
    return [
      name === config.current ? "*" : "",
      name,
      endpoints.join(","),
      nodes.length > SHOWN_NODES ? `${shown}...` : shown,
    ];
  });
  return [["CURRENT", "NAME", "ENDPOINTS", "NODES"], ...rows];
}

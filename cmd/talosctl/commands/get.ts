import { type Candidate, flag } from "$lib/cli/mod.ts";
import { type Resource, ResourceService } from "$proto/resource/resource_pb.ts";
import { command, type Session } from "../session.ts";

/** The forms resources can be printed in. */
const OUTPUTS = ["table", "yaml", "json"] as const;

/** A tab key does not wait longer than this for a node. */
const COMPLETION_MS = 2_000;

/** `talosctl get` */
export const getCommand = command({
  summary: "Get a specific resource or list of resources",
  description: `Similar to 'kubectl get', 'talosctl get' returns a set of resources from the OS.
To get a list of all available resource definitions, issue 'talosctl get rd'`,
  args: { usage: "<type> [<id>]", min: 1, max: 2 },
  flags: {
    namespace: flag.string("resource namespace (default is to use default namespace per resource)"),
    output: flag.string(`output mode (${OUTPUTS.join(", ")})`, { short: "o", fallback: "table" }),
    watch: flag.boolean("watch resource changes", { short: "w" }),
  },
  async run({ namespace, output, watch }, session: Session, [type = "", id = ""]) {
    // Help and completion load this file too: YAML and JSONPath are for those who print.
    const { formatter } = await import("../output/resources.ts");
    const format = formatter(output, watch);
    const client = await session.client();
    const request = { namespace, type };
    const print = (text: string): void => session.out.write(text);
    if (watch) {
      const stream = client.stream(ResourceService.method.watch, { ...request, id }, {
        follow: true,
      });
      for await (const { node, message } of stream) {
        if (message.definition) print(format.definition(message.definition));
        if (message.resource) print(format.row(node, message.resource, message.eventType));
      }
    } else if (id !== "") {
      const answers = await client.unary(ResourceService.method.get, { ...request, id });
      for (const { node, message } of answers) {
        if (message.definition) print(format.definition(message.definition));
        if (message.resource) print(format.row(node, message.resource));
      }
    } else {
      const stream = client.stream(ResourceService.method.list, request);
      for await (const { node, message } of stream) {
        if (message.definition) print(format.definition(message.definition));
        if (message.resource) print(format.row(node, message.resource));
      }
    }
    print(format.end());
  },
  async complete(session, args) {
    if (args.length === 0) return await typeNames(session);
    return args.length === 1 ? await resourceIds(session, args[0] ?? "") : [];
  },
});

/** The types a cluster knows, by the first of their aliases. */
async function typeNames(session: Session): Promise<Candidate[]> {
  const resources = await listAll(session, "resourcedefinitions");
  const { parse } = await import("yaml");
  return resources.map(({ metadata, spec }) => {
    const { aliases, displayType } = parse(new TextDecoder().decode(spec?.yaml)) as {
      aliases?: string[];
      displayType?: string;
    };
    return { value: aliases?.[0] ?? metadata?.id ?? "", summary: displayType ?? "" };
  });
}

async function resourceIds(session: Session, type: string): Promise<Candidate[]> {
  const resources = await listAll(session, type);
  return [...new Set(resources.map(({ metadata }) => metadata?.id ?? ""))].map((value) => ({
    value,
  }));
}

async function listAll(session: Session, type: string): Promise<Resource[]> {
  const client = await session.client();
  const found: Resource[] = [];
  const stream = client.stream(ResourceService.method.list, { type }, {
    timeoutMs: COMPLETION_MS,
  });
  for await (const { message } of stream) if (message.resource) found.push(message.resource);
  return found;
}

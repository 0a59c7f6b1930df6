import { flag } from "$lib/cli/mod.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { command, type Session } from "../session.ts";
import { resourceIds, typeNames } from "./_resource_names.ts";

/** The forms resources can be printed in. */
const OUTPUTS = ["table", "yaml", "json"] as const;

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

import { parse } from "yaml";
import { flag } from "$lib/cli/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import type { Client } from "../client/client.ts";
import { command, type Session } from "../session.ts";

const STATUS = {
  namespace: "runtime",
  type: "BootstrapStatuses.v1alpha1.talos.dev",
  id: "control-plane",
};

/** `talosctl convert-k8s` */
export const convertK8sCommand = command({
  summary:
    "Convert Kubernetes control plane from self-hosted (bootkube) to Talos-managed (static pods)",
  description: `Command tells whether control plane nodes run the control plane from static pods.
A self-hosted control plane, which releases before 0.9 made, is converted by talosctl 0.9.`,
  flags: {
    endpoint: flag.string("the cluster control plane endpoint"),
    force: flag.boolean("skip prompts, assume yes"),
    removeInitializedKey: flag.boolean("remove bootkube initialized key from etcd", {
      hidden: true,
    }),
  },
  async run({ removeInitializedKey }, session: Session) {
    const client = await session.client();
    if (removeInitializedKey) {
      await client.unary(MachineService.method.removeBootkubeInitializedKey, {});
      return;
    }
    const selfHosted: string[] = [];
    for (const { node, value } of await statuses(client)) {
      session.out.line(`${node}: current self-hosted status: ${value}`);
      if (value) selfHosted.push(node);
    }
    if (selfHosted.length > 0) {
      throw new Error(
        `Cannot convert the self-hosted control plane of ${selfHosted.join(", ")}: ` +
          'run "talosctl convert-k8s" of Talos 0.9 before upgrading to this release',
      );
    }
    session.out.line("nothing to convert: the control plane runs from static pods");
  },
});

async function statuses(client: Client): Promise<{ node: string; value: boolean }[]> {
  const answers = await client.unary(ResourceService.method.get, STATUS);
  return answers.map(({ node, message }) => {
    const spec: unknown = parse(new TextDecoder().decode(message.resource?.spec?.yaml));
    return {
      node,
      value: (spec as { selfHostedControlPlane?: unknown })?.selfHostedControlPlane === true,
    };
  });
}

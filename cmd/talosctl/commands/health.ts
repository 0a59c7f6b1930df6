import { flag, parseDurationMs } from "$lib/cli/mod.ts";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { ClusterService } from "$proto/cluster/cluster_pb.ts";
import { clientHealth } from "../health/client_health.ts";
import { command, type Session } from "../session.ts";
import { MEMBER_FLAGS, membersByFlags } from "./_members.ts";

/** What a node needs beyond the checks to tell that they took too long. */
const MARGIN_MS = 30_000;

/** `talosctl health` */
export const healthCommand = command({
  summary: "Check cluster health",
  flags: {
    ...MEMBER_FLAGS,
    k8sEndpoint: flag.string("use endpoint instead of kubeconfig default"),
    runE2e: flag.boolean("run Kubernetes e2e test"),
    server: flag.boolean("run server-side check", { fallback: true }),
    waitTimeout: flag.duration("timeout to wait for the cluster to be ready", {
      fallback: parseDurationMs("20m"),
    }),
  },
  async run({ server, k8sEndpoint, runE2e, waitTimeout, ...flags }, session: Session) {
    const client = await session.oneNodeClient("health");
    const members = membersByFlags(flags);
    if (!server) {
      const of = (node: string) => client.only(node);
      const health = { client, of, members, k8sEndpoint, timeoutMs: waitTimeout };
      for await (const line of clientHealth(health)) session.out.note(line);
    } else {
      const stream = client.stream(ClusterService.method.healthCheck, {
        waitTimeout: durationFromMs(waitTimeout),
        clusterInfo: {
          controlPlaneNodes: [...members.controlPlane],
          workerNodes: [...members.workers],
          forceEndpoint: k8sEndpoint,
        },
      }, { timeoutMs: waitTimeout + MARGIN_MS });
      for await (const { message } of stream) session.out.note(message.message);
    }
    if (!runE2e) return;
    const { runE2eTests } = await import("../health/e2e.ts");
    await runE2eTests({ client, k8sEndpoint, say: (line) => session.out.note(line) });
  },
});

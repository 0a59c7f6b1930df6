import { flag } from "$lib/cli/mod.ts";
import { MachineService, RecoverRequest_Source } from "$proto/machine/machine_pb.ts";
import { messageOf } from "$lib/service/mod.ts";
import type { Client } from "../client/client.ts";
import { nodeRows } from "../output/node_rows.ts";
import { command, type Session, tableCommand } from "../session.ts";

/** An upgrade pulls an image before it answers. */
const UPGRADE_MS = 30 * 60_000;

/** `talosctl upgrade` */
export const upgradeCommand = tableCommand({
  summary: "Upgrade Talos on the target node",
  flags: {
    image: flag.string("the container image to use for performing the install", { short: "i" }),
    preserve: flag.boolean("keep what is on EPHEMERAL, the data of etcd among it", {
      ...{ short: "p", fallback: true },
    }),
    stage: flag.boolean("stage the upgrade to perform it after a reboot", { short: "s" }),
    force: flag.boolean(
      "force the upgrade (skip checks on etcd health and members, might lead to data loss)",
      {
        short: "f",
      },
    ),
    wait: flag.undecided(
      "wait until the new release is permanent, and tell how the upgrade goes",
      "true on a terminal",
    ),
  },
  async run({ wait: waitFlag, ...flags }, session: Session) {
    const wait = waitFlag ?? session.host.interactive;
    const client = await session.client();
    const waiting = wait ? await waitingFor(client) : [];
    session.out.note(
      flags.preserve
        ? "preserving data on the nodes"
        : "wiping EPHEMERAL of the nodes; control planes leave etcd",
    );
    const answers = await client.unary(MachineService.method.upgrade, flags, {
      timeoutMs: UPGRADE_MS,
    });
    const started = new Date().toString();
    const rows = nodeRows(answers, ({ ack }) => [[ack, started]]);
    session.out.table([["NODE", "ACK", "STARTED"], ...rows]);
    if (!wait) return;
    const { followUpgrade } = await import("../upgrade_wait/follow.ts");
    await Promise.all(waiting.map(async ({ node, before, look }) => {
      const say = (line: string) => session.out.note(`${node}: ${line}`);
      const { signal } = session;
      await followUpgrade(before, { look, staged: flags.stage, say, signal, timeoutMs: UPGRADE_MS })
        .catch((error) => void client.failures.push({ node, reason: messageOf(error) }));
    }));
  },
});

/** The nodes of an upgrade as they are before it, and how to look at each later. */
async function waitingFor(client: Client) {
  const { lookAt } = await import("../upgrade_wait/sight.ts");
  // Without a choice of nodes the endpoint is the node; each look has failures of its own.
  const nodes = client.nodes.length > 0
    ? client.nodes.map((node) => ({ node, ask: () => client.only(node) }))
    : [{ node: "node", ask: () => client.endedBy(client.signal) }];
  return await Promise.all(nodes.map(async ({ node, ask }) => {
    const look = () => lookAt(ask());
    return { node, look, before: await look() };
  }));
}

/** `talosctl reset` */
export const resetCommand = command({
  summary: "Reset a node",
  flags: {
    graceful: flag.boolean("if true, attempt to cordon/drain node and leave etcd (if applicable)", {
      fallback: true,
    }),
    reboot: flag.boolean("if true, reboot the node after resetting instead of shutting down"),
    systemLabelsToWipe: flag.list(
      "if set, just wipe selected system disk partitions by label but keep other partitions intact",
    ),
  },
  async run({ graceful, reboot, systemLabelsToWipe }, session: Session) {
    const client = await session.client();
    await client.unary(MachineService.method.reset, {
      graceful,
      reboot,
      systemPartitionsToWipe: systemLabelsToWipe.map((label) => ({ label, wipe: true })),
    });
  },
});

/** `talosctl recover` */
export const recoverCommand = command({
  summary: "Recover a control plane",
  flags: {
    source: flag.string(
      'The data source for restoring the control plane manifests from (valid options are "apiserver" and "etcd")',
      {
        short: "s",
        fallback: "apiserver",
        choices: ["apiserver", "etcd"],
      },
    ),
  },
  async run({ source }, session: Session) {
    const client = await session.client();
    await client.unary(MachineService.method.recover, {
      source: source === "etcd" ? RecoverRequest_Source.ETCD : RecoverRequest_Source.APISERVER,
    });
  },
});

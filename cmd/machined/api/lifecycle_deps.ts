/** What upgrades and resets need, put together from a machine. */
import { IMAGES, isControlPlane } from "$lib/config/mod.ts";
import { checkQuorum, takeTurn } from "../etcd/quorum.ts";
import { tellOfQuorum } from "../etcd/quorum_notice.ts";
import { ownKube } from "../kubernetes/own_kube.ts";
import type { Machine } from "../machine.ts";
import { achieved } from "../release/gate.ts";
import { resetSequence } from "../sequences/reset.ts";
import { stageUpgradeSequence, upgradeSequence } from "../sequences/upgrade.ts";
import type { LifecycleDeps } from "./lifecycle.ts";

/** Joins them. */
export function lifecycleDeps(machine: Machine): LifecycleDeps {
  const { config, services } = machine;
  return {
    ...machine,
    installImage: () => config.running.value?.config.machine.install?.image ?? IMAGES.installer,
    achieved: (signal) => achieved({ services, ownKube: () => ownKube(machine) }, signal),
    takeTurn: (options) => turnOf(machine, options),
    sequences: {
      upgrade: (order) => upgradeSequence(machine, order),
      stageUpgrade: (preserve) => stageUpgradeSequence(machine, preserve),
      reset: (order) => resetSequence(machine, order),
    },
  };
}

async function turnOf(
  { config, etcd, events, log }: Machine,
  { preserve, ...options }: Parameters<LifecycleDeps["takeTurn"]>[0],
) {
  const running = config.running.value?.config;
  if (!running || !isControlPlane(running) || !await etcd.data.holdsMember()) return undefined;
  const { access } = etcd;
  // Not disposed: the turn is held by it until the machine reboots.
  const client = await access.any(options.signal);
  const at = (endpoints: readonly string[]) => access.at(endpoints);
  return await takeTurn(client, async (signal) => {
    tellOfQuorum(await checkQuorum(client, { at, preserve }, signal), { events, log });
  }, options);
}

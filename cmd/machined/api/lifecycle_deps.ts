/** What upgrades and resets need, put together from a machine. */
import { IMAGES, isControlPlane } from "$lib/config/mod.ts";
import { checkQuorum, takeTurn } from "../etcd/quorum.ts";
import { tellOfQuorum } from "../etcd/quorum_notice.ts";
import { ownKube } from "../kubernetes/own_kube.ts";
import { messageOf } from "$lib/service/mod.ts";
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
    checkLeave: (signal) => checkLeave(machine, signal),
    sequences: {
      upgrade: (order) => upgradeSequence(machine, order),
      stageUpgrade: (order) => stageUpgradeSequence(machine, order),
      reset: (order) => resetSequence(machine, order),
    },
  };
}

/** @throws {Error} when the other members cannot do without this machine's, or cannot be asked */
async function checkLeave({ config, etcd }: Machine, signal: AbortSignal): Promise<void> {
  const running = config.running.value?.config;
  if (!running || !isControlPlane(running) || !await etcd.data.holdsMember()) return;
  const { access } = etcd;
  using client = await access.any(signal);
  const at = (endpoints: readonly string[]) => access.at(endpoints);
  try {
    // Its data is meant to go: that there are few members is no reason against it.
    await checkQuorum(client, { at, preserve: true, what: "a reset" }, signal);
  } catch (cause) {
    throw new Error(
      `${messageOf(cause)}; with --graceful=false the machine is reset all the same`,
      { cause },
    );
  }
}

async function turnOf(
  { config, etcd, events, log }: Machine,
  { preserve, ...options }: Parameters<LifecycleDeps["takeTurn"]>[0],
) {
  const running = config.running.value?.config;
  if (!running || !isControlPlane(running) || !await etcd.data.holdsMember()) return undefined;
  const { access } = etcd;
  // The turn is held by it, mostly until the machine reboots.
  const client = await access.any(options.signal);
  const at = (endpoints: readonly string[]) => access.at(endpoints);
  try {
    const turn = await takeTurn(client, async (signal) => {
      tellOfQuorum(await checkQuorum(client, { at, preserve }, signal), { events, log });
    }, options);
    turn.ended.then(() => client[Symbol.dispose]());
    return turn;
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

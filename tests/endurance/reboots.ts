/** A node that reboots again and again. */
import assert from "node:assert/strict";
import { messageOf } from "$lib/service/mod.ts";
import { BOOTED, startDiskNode } from "../boot/disk_node.ts";
import { BOOT_MS, CLUSTER_SERVICES, type Node, textOf, until } from "../boot/node.ts";
import { ConsoleTail, troublesIn } from "./console.ts";

const DISK_BYTES = 3 * 2 ** 30;
const CALL = { timeoutMs: 60_000 };

/** What a run is to do. */
export interface RebootOptions {
  readonly reboots: number;
  readonly say: (line: string) => void;
}

/** What a run has seen. */
export interface RebootResult {
  /** How long each reboot took, from the request to the end of the boot sequence, seconds. */
  readonly seconds: readonly number[];
  /** What was wrong, with the number of the reboot. */
  readonly faults: readonly string[];
}

/**
 * Installs a node to a disk and reboots it by its API. After each boot it is the same node with the same
 * configuration, all its services are healthy, and its console tells of no trouble. What is wrong is
 * said and counted; only a machine that does not come up ends the run.
 */
export async function rebootAgainAndAgain(
  { reboots, say }: RebootOptions,
): Promise<RebootResult> {
  const directory = await Deno.makeTempDir({ prefix: "endurance-" });
  const seconds: number[] = [];
  const faults: string[] = [];
  try {
    await using machine = await startDiskNode(directory, {
      ...{ sizeBytes: DISK_BYTES, kernelArguments: [] },
    });
    const { node, user } = machine;
    const tail = new ConsoleTail(node.vm);
    const first = await look(node);
    for (let number = 1; number <= reboots; number++) {
      const fault = (what: string) => {
        faults.push(`reboot ${number}: ${what}`);
        say(faults.at(-1)!);
      };
      await tail.next();
      const began = performance.now();
      await user.print(["reboot"]);
      await until(
        async () => assert.match(await tail.read(), BOOTED),
        BOOT_MS,
        node.vm,
      );
      seconds.push((performance.now() - began) / 1_000);
      await until(() => healthy(node), BOOT_MS, node.vm);
      try {
        const now = await look(node);
        assert.notEqual(now.bootId, first.bootId);
        assert.deepEqual({ ...now, bootId: first.bootId }, first);
      } catch (error) {
        fault(messageOf(error));
      }
      for (const line of troublesIn(await tail.read())) fault(line);
      say(`${number} of ${reboots}: ${seconds.at(-1)!.toFixed(1)} s`);
    }
    return { seconds, faults };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What makes it this node, and this boot of it. */
async function look(node: Node): Promise<Record<"bootId" | "name" | "config" | "volumes", string>> {
  const read = (path: string) => textOf(node.machine.read({ path }, CALL));
  return {
    bootId: await read("/proc/sys/kernel/random/boot_id"),
    name: await read("/proc/sys/kernel/hostname"),
    config: await read("/system/state/config.yaml"),
    volumes: (await read("/proc/mounts")).split("\n").filter((line) => line.startsWith("/dev/vda"))
      .join("\n"),
  };
}

/** Every service that needs no registry is well. */
async function healthy(node: Node): Promise<void> {
  const { messages } = await node.machine.serviceList({}, CALL);
  const sick = messages.flatMap(({ services }) => services)
    .filter(({ id }) => !CLUSTER_SERVICES.includes(id))
    .filter(({ state, health }) => state !== "Running" || !(health?.unknown || health?.healthy));
  assert.deepEqual(sick.map(({ id, state }) => `${id} ${state}`), []);
}

/**
 * How soon a machine has its address once its cable is in: seconds from the carrier to the address on
 * the link, with networkd and dnsmasq in network namespaces. The baseline is busybox's udhcpc with the
 * same server, which is to look for another host of the address for as long as networkd does.
 *
 * ```sh
 * deno run -A tests/bench/dhcp.ts [rounds]
 * ```
 *
 * @module
 */
import { join } from "node:path";
import { Background, Cable, until } from "../../cmd/networkd/_namespaces.ts";
import { fetchBusybox } from "./_busybox.ts";
import { print } from "./_process.ts";

const ADDRESS = "10.5.0.50/24";
const RANGE = "--dhcp-range=10.5.0.50,10.5.0.50,255.255.255.0,2m";
const SETTINGS = { cmdline: "", network: { interfaces: [{ interface: "eth0", dhcp: true }] } };
/** How long networkd waits for another host to object. */
const CHECK_MS = 300;
/** What udhcpc calls with what it has come to know. */
const SCRIPT = `#!/bin/sh
[ "$1" = bound ] && ip address add "$ip/$mask" dev "$interface"
`;

/** Seconds until the node has the address after `ready` it gets its cable and `connected` is called. */
async function secondsToAddress(
  { ready, connected }: {
    ready(cable: Cable): Promise<void>;
    connected(cable: Cable): AsyncDisposable;
  },
): Promise<number> {
  await using cable = await Cable.lay();
  await cable.ipServer("link", "set", "srv0", "down");
  await cable.dnsmasq(RANGE);
  await ready(cable);
  await cable.ipServer("link", "set", "srv0", "up");
  const began = performance.now();
  await using _ = connected(cable);
  await until(async () => (await cable.addresses()).includes(ADDRESS));
  return (performance.now() - began) / 1_000;
}

const networkd = () =>
  secondsToAddress({
    async ready(cable) {
      const process = await cable.networkd(SETTINGS);
      await until(async () => (await cable.ipNode("link", "show", "eth0")).includes("UP"));
      await until(() => process.isReady());
    },
    connected: () => ({ [Symbol.asyncDispose]: () => Promise.resolve() }),
  });

const udhcpc = (busybox: string, script: string) =>
  secondsToAddress({
    ready: async (cable) => void await cable.ipNode("link", "set", "eth0", "up"),
    connected(cable) {
      const process = new Background("ip", [
        ...["netns", "exec", cable.node, busybox, "udhcpc"],
        ...["-f", `-a${CHECK_MS}`, "-i", "eth0", "-s", script],
      ]);
      return { [Symbol.asyncDispose]: async () => void await process.end() };
    },
  });

async function median(rounds: number, once: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) times.push(await once());
  return Math.round(times.toSorted((a, b) => a - b)[rounds >> 1]! * 100) / 100;
}

const rounds = Number(Deno.args[0] ?? 5);
const directory = await Deno.makeTempDir({ prefix: "bench-dhcp-" });
try {
  const busybox = await fetchBusybox(directory);
  const script = join(directory, "bound");
  await Deno.writeTextFile(script, SCRIPT, { mode: 0o755 });
  const baseline = await median(rounds, () => udhcpc(busybox, script));
  const ours = await median(rounds, networkd);
  print({
    ...{ case: "from the cable to the address", rounds, seconds: ours },
    baseline: { name: `udhcpc -a${CHECK_MS}`, seconds: baseline },
    ratio: Math.round(ours / baseline * 100) / 100,
  });
} finally {
  await Deno.remove(directory, { recursive: true });
}

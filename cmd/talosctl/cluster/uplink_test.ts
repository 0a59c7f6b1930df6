import assert from "node:assert/strict";
import { join } from "node:path";
import { DEFAULT_NETWORK, planNetwork } from "./network.ts";
import { planNodes } from "./plan.ts";
import { PacketReader, runSwitch, SOCKETS } from "./switch.ts";
import { pluggedIn, uplinkArguments } from "./uplink.ts";

const NETWORK = planNetwork(DEFAULT_NETWORK);
const NODES = planNodes(
  {
    ...{ name: "c", cpus: 1, memoryMib: 1, diskMib: 1, initNode: false },
    ...{ masters: 1, workers: 1 },
  },
  NETWORK,
  (used) => `127.0.0.${used.size + 1}`,
);
const QEMU = "qemu-system-x86_64";

function values(args: readonly string[], flag: string): string[] {
  return args.flatMap((arg, index) => arg === flag ? [args[index + 1] ?? ""] : []);
}

Deno.test("uplinkArguments() join the host's network and the switch", () => {
  const uplink = { directory: "/s/a,b", network: NETWORK, nodes: NODES };
  assert.deepEqual(values(uplinkArguments(uplink), "-netdev"), [
    "user,id=host,net=10.0.2.0/24,host=10.0.2.2,dns=10.0.2.3,dhcpstart=10.0.2.15," +
    "hostfwd=tcp:127.0.0.1:50000-10.0.2.15:50000,hostfwd=tcp:127.0.0.1:6443-10.0.2.15:6443," +
    "hostfwd=tcp:127.0.0.2:50000-10.0.2.16:50000,hostfwd=tcp:127.0.0.2:6443-10.0.2.16:6443",
    "hubport,id=hub-host,hubid=0,netdev=host",
    "stream,id=switch,server=off,addr.type=unix,addr.path=/s/a,,b/uplink.sock",
    "hubport,id=hub-switch,hubid=0,netdev=switch",
  ]);
});

Deno.test("uplinkArguments() name the script for machines that boot over the network", () => {
  const script = "http://10.0.2.2:1/pxe/boot.ipxe";
  const uplink = { directory: "/s", network: NETWORK, nodes: [], script };
  const [network] = values(uplinkArguments(uplink), "-netdev");
  assert.ok(network?.endsWith(`,bootfile=${script}`), network);
});

Deno.test("pluggedIn() gives each machine a card of its own", () => {
  assert.deepEqual(pluggedIn("/s", NETWORK, NODES[1]!), [
    ...["-netdev", "stream,id=net,server=off,addr.type=unix,addr.path=/s/machines.sock"],
    ...["-device", "virtio-net-pci,netdev=net,mac=52:54:0a:00:02:10"],
  ]);
});

async function hasQemu(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(QEMU, { args: ["--version"], stdout: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

const ASK_AGAIN_MS = 2_000;

/** A machine's end of the cable. */
class Cable {
  readonly #packets = new PacketReader();
  #ready: Uint8Array[] = [];
  constructor(readonly socket: Deno.UnixConn) {}

  static async plug(directory: string): Promise<Cable> {
    const path = join(directory, SOCKETS.machines);
    return new Cable(await Deno.connect({ transport: "unix", path }));
  }

  async send(...bytes: readonly number[]): Promise<void> {
    const frame = new Uint8Array(4 + bytes.length);
    new DataView(frame.buffer).setUint32(0, bytes.length);
    frame.set(bytes, 4);
    await this.socket.write(frame);
  }

  async receive(): Promise<number[]> {
    while (this.#ready.length === 0) {
      const chunk = new Uint8Array(4_096);
      const count = await this.socket.read(chunk);
      assert.ok(count, "the switch went away");
      this.#ready = this.#packets.take(chunk.subarray(0, count));
    }
    return [...this.#ready.shift()!.subarray(4)];
  }

  /** Asks until there is an answer: the other end may not be plugged in yet. */
  async ask(...bytes: readonly number[]): Promise<number[]> {
    const answer = this.receive();
    await this.send(...bytes);
    const again = setInterval(() => void this.send(...bytes), ASK_AGAIN_MS);
    return await answer.finally(() => clearInterval(again));
  }
}

const CARDS = [15, 16].map((last) => [0x52, 0x54, 10, 0, 2, last]) as [number[], number[]];

/** Who has the host's address? */
const question = (last: number): number[] => [
  ...[255, 255, 255, 255, 255, 255],
  ...[0x52, 0x54, 10, 0, 2, last],
  ...[8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
  ...[0x52, 0x54, 10, 0, 2, last, 10, 0, 2, last],
  ...[0, 0, 0, 0, 0, 0, 10, 0, 2, 2],
];

/** The first packet of a TCP connection from the first machine to the second. */
const SYN = [
  ...[...CARDS[1], ...CARDS[0], 8, 0],
  ...[0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0x22, 0xb1, 10, 0, 2, 15, 10, 0, 2, 16],
  ...[0x9c, 0x40, 0x09, 0x4c, 0, 0, 0, 100, 0, 0, 0, 0, 0x50, 2, 0xfa, 0, 0xf7, 0xd2, 0, 0],
];

Deno.test({
  name: "machines reach each other and the host, which keeps out of what is not for it",
  ignore: Deno.build.os !== "linux" || !await hasQemu(),
  async fn() {
    const directory = await Deno.makeTempDir();
    const over = new AbortController();
    const ready = Promise.withResolvers<void>();
    const done = runSwitch({ directory, ready: ready.resolve, signal: over.signal });
    await ready.promise;
    // Forwards would need ports of this host to be free: packets are what is looked at here.
    const args = uplinkArguments({ directory, network: NETWORK, nodes: NODES })
      .map((arg) => arg.replace(/,hostfwd=[^,]+/g, ""));
    const { success } = await new Deno.Command(QEMU, { args, stderr: "null" }).output();
    assert.ok(success);
    const pid = Number(await Deno.readTextFile(`${directory}/qemu.pid`));
    try {
      const second = await Cable.plug(directory);
      assert.deepEqual((await second.ask(...question(16))).slice(28, 32), [10, 0, 2, 2]);
      for (let life = 0; life < 2; life++) {
        const first = await Cable.plug(directory);
        await first.send(...question(15));
        assert.deepEqual((await first.receive()).slice(28, 32), [10, 0, 2, 2], "the host answers");
        assert.deepEqual((await second.receive()).slice(0, 42), question(15));
        await first.send(...SYN);
        assert.deepEqual((await second.receive()).slice(0, SYN.length), SYN);
        // Had the host seen the connection, it would have refused it before it answers this.
        await first.send(...question(15));
        assert.deepEqual((await first.receive()).slice(12, 22), [8, 6, 0, 1, 8, 0, 6, 4, 0, 2]);
        assert.deepEqual((await second.receive()).slice(0, 42), question(15));
        first.socket.close();
      }
      second.socket.close();
    } finally {
      Deno.kill(pid, "SIGTERM");
      over.abort();
      await done;
      await Deno.remove(directory, { recursive: true });
    }
  },
});

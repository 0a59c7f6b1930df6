import assert from "node:assert/strict";
import { planNodes } from "./plan.ts";
import { pluggedIn, portPath, switchArguments } from "./switch.ts";

const NODES = planNodes(
  {
    ...{ name: "c", cpus: 1, memoryMib: 1, diskMib: 1, initNode: false },
    ...{ masters: 1, workers: 1 },
  },
  (used) => `127.0.0.${used.size + 1}`,
);
const QEMU = "qemu-system-x86_64";

function values(args: readonly string[], flag: string): string[] {
  return args.flatMap((arg, index) => arg === flag ? [args[index + 1] ?? ""] : []);
}

Deno.test("switchArguments() join the host's network and a socket for each node", () => {
  assert.deepEqual(values(switchArguments("/s/a,b", "10.0.2.0/24", NODES), "-netdev"), [
    "user,id=host,net=10.0.2.0/24," +
    "hostfwd=tcp:127.0.0.1:50000-10.0.2.15:50000,hostfwd=tcp:127.0.0.1:6443-10.0.2.15:6443," +
    "hostfwd=tcp:127.0.0.2:50000-10.0.2.16:50000,hostfwd=tcp:127.0.0.2:6443-10.0.2.16:6443",
    "hubport,id=hub-host,hubid=0,netdev=host",
    "stream,id=c-master-1,server=on,addr.type=unix,addr.path=/s/a,,b/c-master-1.sock",
    "hubport,id=hub-c-master-1,hubid=0,netdev=c-master-1",
    "stream,id=c-worker-1,server=on,addr.type=unix,addr.path=/s/a,,b/c-worker-1.sock",
    "hubport,id=hub-c-worker-1,hubid=0,netdev=c-worker-1",
  ]);
});

Deno.test("pluggedIn() gives each machine a card of its own", () => {
  assert.deepEqual(pluggedIn("/s", NODES[1]!), [
    ...["-netdev", "stream,id=net,server=off,addr.type=unix,addr.path=/s/c-worker-1.sock"],
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

/** One end of a cable: QEMU frames each packet with its length. */
class Cable {
  #rest = new Uint8Array(0);
  constructor(readonly socket: Deno.UnixConn) {}

  static async plug(directory: string, name: string): Promise<Cable> {
    return new Cable(await Deno.connect({ transport: "unix", path: portPath(directory, name) }));
  }

  async send(packet: Uint8Array): Promise<void> {
    const frame = new Uint8Array(4 + packet.length);
    new DataView(frame.buffer).setUint32(0, packet.length);
    frame.set(packet, 4);
    await this.socket.write(frame);
  }

  /** The next packet that starts with these bytes. */
  async receive(start: readonly number[]): Promise<Uint8Array> {
    for (;;) {
      while (this.#rest.length >= 4) {
        const length = new DataView(this.#rest.buffer, this.#rest.byteOffset).getUint32(0);
        if (this.#rest.length < 4 + length) break;
        const packet = this.#rest.slice(4, 4 + length);
        this.#rest = this.#rest.slice(4 + length);
        if (start.every((byte, index) => packet[index] === byte)) return packet;
      }
      const chunk = new Uint8Array(4_096);
      const count = await this.socket.read(chunk);
      assert.ok(count, "the switch went away");
      const joined = new Uint8Array(this.#rest.length + count);
      joined.set(this.#rest);
      joined.set(chunk.subarray(0, count), this.#rest.length);
      this.#rest = joined;
    }
  }
}

const CARD = [0x52, 0x54, 0x0a, 0, 2, 15];

/** Who has the host's address? Asked by the first machine. */
const QUESTION = Uint8Array.from([
  ...[255, 255, 255, 255, 255, 255],
  ...CARD,
  ...[8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
  ...[...CARD, 10, 0, 2, 15],
  ...[0, 0, 0, 0, 0, 0, 10, 0, 2, 2],
]);

Deno.test({
  name: "the switch passes packets between machines and to the host, also after one was away",
  ignore: Deno.build.os !== "linux" || !await hasQemu(),
  async fn() {
    const directory = await Deno.makeTempDir();
    // Forwards would need ports of this host to be free: packets are what is looked at here.
    const args = switchArguments(directory, "10.0.2.0/24", NODES)
      .map((arg) => arg.replace(/,hostfwd=[^,]+/g, ""));
    const { success } = await new Deno.Command(QEMU, { args, stderr: "null" }).output();
    assert.ok(success);
    const pid = Number(await Deno.readTextFile(`${directory}/qemu.pid`));
    try {
      const [first, second] = NODES.map(({ name }) => name) as [string, string];
      const other = await Cable.plug(directory, second);
      for (let life = 0; life < 2; life++) {
        const cable = await Cable.plug(directory, first);
        await cable.send(QUESTION);
        const answer = await cable.receive(CARD);
        assert.deepEqual([...answer.subarray(28, 32)], [10, 0, 2, 2], "the host answers");
        const heard = await other.receive([255, 255, 255, 255, 255, 255]);
        assert.deepEqual([...heard.subarray(0, QUESTION.length)], [...QUESTION]);
        cable.socket.close();
      }
      other.socket.close();
    } finally {
      Deno.kill(pid, "SIGTERM");
      await Deno.remove(directory, { recursive: true });
    }
  },
});

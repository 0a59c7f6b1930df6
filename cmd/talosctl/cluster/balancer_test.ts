import assert from "node:assert/strict";
import * as net from "node:net";
import { balance, type BalancedTarget } from "./balancer.ts";

/** A server that tells its name to who connects, and keeps the connection. */
async function namedServer(name: string) {
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.write(name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const target: BalancedTarget = {
    host: "127.0.0.1",
    port: (server.address() as net.AddressInfo).port,
  };
  return {
    target,
    [Symbol.dispose]() {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

interface Call {
  readonly name: string;
  readonly closed: Promise<void>;
  end(): void;
}

function call(port: number): Promise<Call> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: "127.0.0.1", port });
    const closed = new Promise<void>((done) => socket.once("close", () => done()));
    socket.once("error", reject);
    socket.once(
      "data",
      (data) => resolve({ name: data.toString(), closed, end: () => void socket.destroy() }),
    );
  });
}

Deno.test("balance() shares among those that answer, and ends connections to one that went away", async () => {
  using a = await namedServer("a");
  using b = await namedServer("b");
  const well = new Set([a.target.port, b.target.port]);
  const over = new AbortController();
  const port = Promise.withResolvers<number>();
  let rounds = 0;
  const done = balance({
    targets: [a.target, b.target],
    hostname: "127.0.0.1",
    ready: port.resolve,
    signal: over.signal,
    periodMs: 5,
    probe(target) {
      rounds++;
      return Promise.resolve(well.has(target.port));
    },
  });
  const at = await port.promise;
  const until = async (test: () => boolean) => {
    while (!test()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(() => rounds >= 4);
  const calls = [await call(at), await call(at)];
  assert.deepEqual(calls.map(({ name }) => name).toSorted(), ["a", "b"]);
  well.delete(a.target.port);
  await calls.find(({ name }) => name === "a")?.closed;
  for (let i = 0; i < 3; i++) {
    const next = await call(at);
    assert.equal(next.name, "b");
    next.end();
  }
  well.add(a.target.port);
  well.delete(b.target.port);
  await calls.find(({ name }) => name === "b")?.closed;
  const back = await call(at);
  assert.equal(back.name, "a");
  over.abort();
  await done;
  await back.closed;
});

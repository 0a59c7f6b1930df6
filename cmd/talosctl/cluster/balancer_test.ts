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

interface Balanced {
  /** Where the balancer listens. */
  readonly at: number;
  /** The ports of targets that are ready, and of those that answer but are not. */
  readonly well: Set<number>;
  readonly unready: Set<number>;
  /** Resolves when each target was asked `rounds` times more. */
  asked(rounds: number): Promise<void>;
  readonly over: AbortController;
  readonly done: Promise<void>;
}

/** A balancer of these targets, all of them well. */
async function balanced(targets: readonly BalancedTarget[]): Promise<Balanced> {
  const well = new Set(targets.map(({ port }) => port));
  const unready = new Set<number>();
  const over = new AbortController();
  const port = Promise.withResolvers<number>();
  const count = new Map(targets.map(({ port }) => [port, 0]));
  const done = balance({
    targets,
    hostname: "127.0.0.1",
    ready: port.resolve,
    signal: over.signal,
    periodMs: 5,
    probe({ port }) {
      count.set(port, count.get(port)! + 1);
      const health = well.has(port) ? "ready" : unready.has(port) ? "unready" : "silent";
      return Promise.resolve(health);
    },
  });
  const asked = async (rounds: number) => {
    const goal = Math.max(...count.values()) + rounds;
    while (Math.min(...count.values()) < goal) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const at = await port.promise;
  await asked(1);
  return { at, well, unready, asked, over, done };
}

Deno.test("balance() shares among those that answer, and ends connections to one that went away", async () => {
  using a = await namedServer("a");
  using b = await namedServer("b");
  const { at, well, over, done } = await balanced([a.target, b.target]);
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

Deno.test("balance() keeps connections to a target that is not ready, and gives it no new ones", async () => {
  using a = await namedServer("a");
  using b = await namedServer("b");
  const { at, well, unready, asked, over, done } = await balanced([a.target, b.target]);
  const calls = [await call(at), await call(at)];
  let closed = 0;
  for (const { closed: end } of calls) end.then(() => closed++);
  unready.add(a.target.port);
  well.delete(a.target.port);
  await asked(5);
  assert.equal(closed, 0);
  for (let i = 0; i < 3; i++) {
    const next = await call(at);
    assert.equal(next.name, "b");
    next.end();
  }
  over.abort();
  await done;
});

Deno.test("balance() keeps connections while no target answers: all may only be slow", async () => {
  using a = await namedServer("a");
  using b = await namedServer("b");
  const { at, well, asked, over, done } = await balanced([a.target, b.target]);
  const calls = [await call(at), await call(at)];
  let closed = 0;
  for (const { closed: end } of calls) end.then(() => closed++);
  well.clear();
  await asked(5);
  assert.equal(closed, 0);
  const more = await call(at);
  assert.match(more.name, /^[ab]$/);
  well.add(b.target.port);
  await calls.find(({ name }) => name === "a")?.closed;
  over.abort();
  await done;
});

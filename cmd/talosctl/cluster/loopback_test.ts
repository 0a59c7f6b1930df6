import assert from "node:assert/strict";
import { canListen, freeLoopback } from "./loopback.ts";

Deno.test("freeLoopback() takes the first address with all ports free", () => {
  assert.equal(freeLoopback(() => true), "127.0.0.1");
  const taken = new Set(["127.0.0.1:6443", "127.0.0.2:50000"]);
  assert.equal(freeLoopback((address, port) => !taken.has(`${address}:${port}`)), "127.0.0.3");
  assert.equal(freeLoopback(() => true, new Set(["127.0.0.1"])), "127.0.0.2");
});

Deno.test("freeLoopback() says in one sentence which port is taken and what to do", () => {
  assert.throws(() => freeLoopback(() => false), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(
      error.message,
      /^Cannot create cluster: port 127\.0\.0\.1:50000 is taken.*`ss -ltnp`/,
    );
    assert.ok(!error.message.includes("\n"));
    return true;
  });
});

Deno.test("canListen() sees a port that is taken, also by who listens everywhere", () => {
  for (const hostname of ["127.0.0.1", "0.0.0.0"]) {
    const listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    assert.equal(canListen("127.0.0.1", port), false);
    listener.close();
    assert.equal(canListen("127.0.0.1", port), true);
  }
});

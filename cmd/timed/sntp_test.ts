import assert from "node:assert/strict";
import { querySntp, RefusedError } from "./sntp.ts";
import { Responder } from "./_responder.ts";

const nowNs = (): bigint =>
  BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1_000n;

function ask(port: number, server = "127.0.0.1", deadlineMs = 2_000) {
  return querySntp(server, { deadlineMs, nowNs, port });
}

for (const aheadMs of [0, 3_600_000, -3_600_000, 250]) {
  Deno.test(`querySntp() finds a server ${aheadMs} ms ahead`, async () => {
    await using responder = await Responder.start({ aheadMs });
    const { offsetNs, roundTripNs, stratum, address } = await ask(responder.port);
    assert.ok(Math.abs(Number(offsetNs) / 1e6 - aheadMs) < 100, `${offsetNs} ns`);
    assert.ok(roundTripNs >= 0n && roundTripNs < 1_000_000_000n);
    assert.deepEqual([stratum, address], [2, "127.0.0.1"]);
  });
}

Deno.test("querySntp() finds the address of a name", async () => {
  await using responder = await Responder.start();
  assert.equal((await ask(responder.port, "localhost")).server, "localhost");
});

Deno.test("querySntp() gives up at its deadline when nobody answers", async () => {
  await using responder = await Responder.start({ spoil: () => undefined });
  const begun = performance.now();
  await assert.rejects(ask(responder.port, "127.0.0.1", 300), {
    message: 'Cannot ask time server "127.0.0.1": it does not answer',
  });
  assert.ok(performance.now() - begun < 2_000);
});

Deno.test("querySntp() gives up when it is told to", async () => {
  await using responder = await Responder.start({ spoil: () => undefined });
  const signal = AbortSignal.abort();
  await assert.rejects(querySntp("127.0.0.1", {
    deadlineMs: 60_000,
    nowNs,
    port: responder.port,
    signal,
  }));
});

Deno.test("querySntp() fails for a name that has no address", async () => {
  // A label of 64 characters is refused before anything is sent.
  await assert.rejects(ask(123, `${"x".repeat(64)}.invalid`), /Cannot ask time server "xxx/);
});

Deno.test("querySntp() tells a refusal from other faults", async () => {
  const spoil = (answer: Uint8Array) => {
    answer[1] = 0;
    answer.set(new TextEncoder().encode("RATE"), 12);
    return answer;
  };
  await using responder = await Responder.start({ spoil });
  await assert.rejects(
    ask(responder.port),
    (error) => error instanceof RefusedError && error.code === "RATE",
  );
});

Deno.test("querySntp() does not take an answer to another request", async () => {
  const spoil = (answer: Uint8Array) => {
    answer[24] = (answer[24] ?? 0) ^ 1;
    return answer;
  };
  await using responder = await Responder.start({ spoil });
  await assert.rejects(ask(responder.port, "127.0.0.1", 300), /it does not answer/);
});

Deno.test("querySntp() does not take a server that is not synchronised", async () => {
  const spoil = (answer: Uint8Array) => {
    answer[0] = 0xe4;
    return answer;
  };
  await using responder = await Responder.start({ spoil });
  await assert.rejects(ask(responder.port), /server is not synchronised/);
});

import assert from "node:assert/strict";
import { proxyExceptions } from "./proxy_exceptions.ts";

Deno.test("proxyExceptions() adds this machine to what the user excepts", () => {
  const local = "localhost,127.0.0.0/8,::1";
  assert.equal(proxyExceptions({}), local);
  assert.equal(proxyExceptions({ NO_PROXY: "" }), local);
  assert.equal(proxyExceptions({ NO_PROXY: "a,b", no_proxy: "c" }), `a,b,${local}`);
  assert.equal(proxyExceptions({ no_proxy: "c" }), `c,${local}`);
});

import assert from "node:assert/strict";
import { onwardHeaders } from "./proxy.ts";

Deno.test("onwardHeaders() adds proxyfrom and strips what was for this hop", () => {
  const headers = {
    ":method": "POST",
    ":path": "/machine.MachineService/Version",
    ":authority": "cluster.example",
    ":scheme": "https",
    host: "cluster.example",
    nodes: "a,b",
    "grpc-accept-encoding": "gzip",
    "grpc-timeout": "1H",
    "x-mine": "kept",
  };
  assert.deepEqual(onwardHeaders(headers, "10.0.0.9", 5_000), {
    ":method": "POST",
    ":path": "/machine.MachineService/Version",
    ":scheme": "https",
    "grpc-timeout": "5000m",
    proxyfrom: "10.0.0.9",
    "x-mine": "kept",
  });
});

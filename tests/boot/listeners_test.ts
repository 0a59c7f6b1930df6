import assert from "node:assert/strict";
import { openPorts } from "./listeners.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue";

Deno.test("openPorts() leaves out loopback and what does not listen", () => {
  const tcp = [
    HEAD,
    "   0: 0100007F:2808 00000000:0000 0A",
    "   1: 00000000:C350 00000000:0000 0A",
    "   2: 0F02000A:0947 0202000A:9C40 01",
    "   3: 0F02000A:094B 00000000:0000 0A",
  ].join("\n");
  const tcp6 = [
    HEAD,
    "   0: 00000000000000000000000000000000:192B 00000000000000000000000000000000:0000 0A",
    "   1: 00000000000000000000000001000000:192C 00000000000000000000000000000000:0000 0A",
    "   2: 0000000000000000FFFF00000100007F:192D 00000000000000000000000000000000:0000 0A",
    "   3: 00000000000000000000000000000000:C350 00000000000000000000000000000000:0000 0A",
  ].join("\n");
  assert.deepEqual(openPorts(tcp, tcp6), [2379, 6443, 50000]);
});

import assert from "node:assert/strict";
import { tabulate } from "$lib/cli/mod.ts";
import { clusterNodeRows, clusterRows } from "./show.ts";
import { clusterDirectory, type ClusterState } from "./state.ts";

const STATE: ClusterState = {
  provisioner: "qemu",
  name: "c",
  network: { name: "c (user mode)", cidr: "10.0.2.0/24", gateway: "10.0.2.2", mtu: 1500 },
  nodes: [{
    name: "c-master-1",
    type: "controlplane",
    address: "127.0.0.1",
    ip: "10.0.2.15",
    uuid: "",
    cpus: 2,
    memoryBytes: 2 ** 31,
    diskBytes: 0,
  }],
  processes: [],
};

Deno.test("clusterRows() and clusterNodeRows() print as the contract says", () => {
  assert.equal(
    tabulate(clusterRows(STATE)),
    `PROVISIONER       qemu
NAME              c
NETWORK NAME      c (user mode)
NETWORK CIDR      10.0.2.0/24
NETWORK GATEWAY   10.0.2.2
NETWORK MTU       1500
`,
  );
  assert.equal(
    tabulate(clusterNodeRows(STATE)),
    `NAME         TYPE           IP          CPU    RAM      DISK
c-master-1   controlplane   127.0.0.1   2.00   2.1 GB   -
`,
  );
});

for (const name of ["../x", "", "A", "a_b", "-a", "a/b", "a".repeat(64)]) {
  Deno.test(`clusterDirectory() refuses the name "${name.slice(0, 8)}"`, () => {
    assert.throws(() => clusterDirectory("/root", name), TypeError);
  });
}

import assert from "node:assert/strict";
import { etcdArguments, primaryAddress } from "./arguments.ts";

Deno.test("etcdArguments() of a founder has its URLs, certificates and itself as the cluster", () => {
  const plan = { state: "new", initialCluster: ["a=https://10.5.0.2:2380"] } as const;
  const args = etcdArguments({ name: "a", address: "10.5.0.2" }, plan, {
    "election-timeout": "5000",
  });
  assert.deepEqual(args, [
    "/usr/local/bin/etcd",
    "--name=a",
    "--data-dir=/var/lib/etcd",
    "--listen-peer-urls=https://0.0.0.0:2380",
    "--listen-client-urls=https://0.0.0.0:2379",
    "--initial-advertise-peer-urls=https://10.5.0.2:2380",
    "--advertise-client-urls=https://10.5.0.2:2379",
    "--initial-cluster-state=new",
    "--initial-cluster=a=https://10.5.0.2:2380",
    "--client-cert-auth=true",
    "--cert-file=/etc/kubernetes/pki/etcd/peer.crt",
    "--key-file=/etc/kubernetes/pki/etcd/peer.key",
    "--trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
    "--peer-client-cert-auth=true",
    "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
    "--peer-key-file=/etc/kubernetes/pki/etcd/peer.key",
    "--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
    "--election-timeout=5000",
  ]);
});

Deno.test("etcdArguments() listens on every address of an IPv6 machine", () => {
  const plan = { state: "new", initialCluster: [] } as const;
  const text = etcdArguments({ name: "a", address: "fd00::2" }, plan, {}).join(" ");
  assert.match(text, /--listen-peer-urls=https:\/\/\[::\]:2380/);
  assert.match(text, /--advertise-client-urls=https:\/\/\[fd00::2\]:2379/);
});

Deno.test("etcdArguments() refuses a flag of the configuration that is the node's own", () => {
  const plan = { state: "new", initialCluster: [] } as const;
  assert.throws(
    () => etcdArguments({ name: "a", address: "10.5.0.2" }, plan, { "data-dir": "/tmp" }),
    /extra arg "data-dir" of cluster\.etcd\.extraArgs is not allowed/,
  );
});

for (
  const [addresses, want] of [
    [["fe80::1", "fd00::2", "10.5.0.2"], "10.5.0.2"],
    [["169.254.1.1", "fd00::2"], "fd00::2"],
    [["fe80::1"], undefined],
  ] as const
) {
  Deno.test(`primaryAddress() of ${addresses.join(", ")} is ${want}`, () => {
    assert.equal(primaryAddress(addresses), want);
  });
}

/**
 * A machine that takes the cluster's turn and says so, then keeps it until it is killed: for tests of
 * what becomes of the turn of a machine that loses its power.
 *
 * Arguments: the URL of a member, CA file, certificate file, key file, seconds of the lease.
 */
import { EtcdClient } from "$lib/etcd/mod.ts";
import { takeTurn } from "./quorum.ts";

const [url = "", ca = "", crt = "", key = "", ttl = ""] = Deno.args;
const read = (path: string) => Deno.readTextFileSync(path);
const client = { crt: read(crt), key: read(key) };
const etcd = new EtcdClient({ endpoints: [url], ca: read(ca), client });
const signal = new AbortController().signal;
const told = new TextEncoder();
await takeTurn(etcd, async () => {
  await Deno.stdout.write(told.encode("checking\n"));
  // Mid-check the power goes.
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}, { signal, waitMs: 60_000, ttlSeconds: Number(ttl) });

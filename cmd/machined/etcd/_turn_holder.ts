/**
 * A machine that takes the cluster's turn and says so, then keeps it until it is killed, or told that it
 * has it no more, which it says too: for tests of what becomes of the turn of a machine that loses its
 * power or stands still.
 *
 * Arguments: the URL of a member, CA file, certificate file, key file, seconds of the lease.
 */
import { aborted } from "$lib/clock/mod.ts";
import { EtcdClient } from "$lib/etcd/mod.ts";
import { takeTurn } from "./quorum.ts";

const [url = "", ca = "", crt = "", key = "", ttl = ""] = Deno.args;
const read = (path: string) => Deno.readTextFileSync(path);
const client = { crt: read(crt), key: read(key) };
const etcd = new EtcdClient({ endpoints: [url], ca: read(ca), client });
const signal = new AbortController().signal;
const told = new TextEncoder();
await takeTurn(etcd, async (lost) => {
  await Deno.stdout.write(told.encode("checking\n"));
  // Mid-check the power goes.
  const limit = setTimeout(() => {}, 1_200_000);
  await aborted(lost);
  clearTimeout(limit);
  await Deno.stdout.write(told.encode("lost\n"));
}, { signal, waitMs: 60_000, ttlSeconds: Number(ttl) });

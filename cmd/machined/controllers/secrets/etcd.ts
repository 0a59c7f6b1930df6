import { type Controller, type ControllerRuntime, exclusive, weak } from "$lib/cosi/mod.ts";
import { hoursMs, type PemPair, sans } from "$lib/pki/mod.ts";
import {
  ETCD_SECRETS,
  EtcdSecrets,
  ROOT_ETCD,
  type RootEtcdSpec,
  RootSecrets,
} from "$lib/resources/mod.ts";
import type { Clock } from "$lib/service/mod.ts";
import type { HostNames } from "../../identity/names.ts";
import { keepLeaf, type LeafDemand } from "./leaf.ts";
import { canIssue, READINESS_INPUTS } from "./readiness.ts";

/** How often names and addresses are compared with the certificate, milliseconds. */
const CHECK_PERIOD_MS = 30_000;
/** Ten years: etcd reads its certificate when it starts, and rarely starts. */
const LIFETIME_MS = hoursMs(87_600);

/** Keeps the EtcdSecrets, once the node knows its names and the time. */
export class EtcdController implements Controller {
  readonly name = "secrets.EtcdController";
  readonly inputs = [weak(RootSecrets, ROOT_ETCD), ...READINESS_INPUTS];
  readonly outputs = [exclusive(EtcdSecrets)];

  constructor(readonly deps: { host: () => HostNames; clock: Pick<Clock, "now"> }) {}

  async run(rt: ControllerRuntime): Promise<void> {
    for await (const pass of rt.passes()) {
      const root = await pass.find(RootSecrets, ROOT_ETCD);
      if (!root) continue;
      // What there is stays while networkd restarts: etcd runs with it.
      pass.keep();
      if (!await canIssue(pass)) continue;
      const present = (await pass.find(EtcdSecrets, ETCD_SECRETS))?.etcdPeer;
      const demand = peerDemand((root as RootEtcdSpec).etcdCA, this.deps.host());
      const now = new Date(this.deps.clock.now());
      const { leaf } = await keepLeaf(present, demand, now);
      await pass.put(EtcdSecrets, ETCD_SECRETS, { etcdPeer: leaf });
      pass.again(CHECK_PERIOD_MS);
    }
  }
}

/** What the certificate of etcd on a host of these names has to be. */
export function peerDemand(ca: PemPair, { hostname, addresses }: HostNames): LeafDemand {
  const loopback = addresses.some((address) => address.includes(":"))
    ? ["127.0.0.1", "::1"]
    : ["127.0.0.1"];
  return {
    ca,
    subject: { commonName: hostname },
    sans: sans([...addresses, ...loopback, hostname, "localhost"]),
    usages: ["serverAuth", "clientAuth"],
    lifetimeMs: LIFETIME_MS,
  };
}

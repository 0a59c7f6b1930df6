import { type Controller, type ControllerRuntime, exclusive, type Kind } from "$lib/cosi/mod.ts";
import {
  AddressStatus,
  HostnameStatus,
  LinkStatus,
  type NetworkStatus,
  NodeAddress,
  ResolverStatus,
  RouteStatus,
} from "$lib/resources/mod.ts";
import type { Latest } from "$lib/service/mod.ts";

/** Which part of what networkd tells a controller shows. */
interface Part<Spec> {
  readonly name: string;
  readonly kind: Kind<Spec>;
  readonly specs: (status: NetworkStatus) => Readonly<Record<string, Spec>>;
}

/** Keeps one kind of the network's resources as networkd tells of it. */
class NetworkPartController<Spec> implements Controller {
  readonly name: string;
  readonly inputs = [];
  readonly outputs;

  constructor(readonly part: Part<Spec>, readonly network: Latest<NetworkStatus>) {
    this.name = part.name;
    this.outputs = [exclusive(part.kind)];
  }

  async run(rt: ControllerRuntime): Promise<void> {
    void this.#follow(rt);
    for await (const pass of rt.passes()) {
      const status = this.network.value;
      // networkd may start anew: until it tells again, what it told before holds.
      if (!status) pass.keep();
      for (const [id, spec] of Object.entries(status ? this.part.specs(status) : {})) {
        await pass.put(this.part.kind, id, spec);
      }
    }
  }

  async #follow(rt: ControllerRuntime): Promise<void> {
    for await (const _newer of this.network.watch(rt.signal)) rt.wake();
  }
}

/** The controllers of links, addresses, routes, resolvers and names. */
export function networkControllers(network: Latest<NetworkStatus>): Controller[] {
  const show = <Spec>(
    kind: Kind<Spec>,
    name: string,
    specs: Part<Spec>["specs"],
  ) => new NetworkPartController({ kind, name: `network.${name}Controller`, specs }, network);
  return [
    show(LinkStatus, "LinkStatus", ({ links }) => links),
    show(AddressStatus, "AddressStatus", ({ addresses }) => addresses),
    show(RouteStatus, "RouteStatus", ({ routes }) => routes),
    show(ResolverStatus, "ResolverStatus", ({ resolvers }) => resolvers),
    show(HostnameStatus, "HostnameStatus", ({ hostnames }) => hostnames),
    show(NodeAddress, "NodeAddress", (status) => status.nodeAddresses),
  ];
}

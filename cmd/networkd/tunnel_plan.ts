import { ignoredInterfaces } from "$lib/cmdline/mod.ts";
import type { WireguardDevice } from "$lib/codec/mod.ts";
import { messageOf } from "./interface_plan.ts";
import type { Change } from "./reconcile.ts";
import type { Settings } from "./settings.ts";
import { type AddressOf, wireguardChange, wireguardDevice } from "./wireguard_plan.ts";

/** What to set on the WireGuard interfaces there are; `applied` has what was set before, as JSON. */
export function tunnelChanges(
  { network, cmdline }: Settings,
  tunnels: readonly WireguardDevice[],
  applied: ReadonlyMap<string, string>,
  addressOf: AddressOf,
): { readonly changes: readonly Change[]; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const ignored = ignoredInterfaces(cmdline);
  const changes = network.interfaces.flatMap((config): Change[] => {
    const { interface: name, virtual, ignore } = config;
    if (virtual?.kind !== "wireguard" || ignore || ignored.includes(name)) return [];
    try {
      const wanted = wireguardDevice(name, virtual, addressOf);
      const held = tunnels.find((tunnel) => tunnel.name === name);
      const device = held && wireguardChange(wanted, held, applied.get(name));
      return device ? [{ type: "tunnel", wanted, device }] : [];
    } catch (error) {
      faults.push(`${name}: ${messageOf(error)}`);
      return [];
    }
  });
  return { changes, faults };
}

import type { WireguardDevice } from "$lib/codec/mod.ts";
import { ignoredLinks, messageOf } from "./interface_plan.ts";
import type { Change } from "./reconcile.ts";
import type { Settings } from "./settings.ts";
import { type AddressOf, wireguardChange, wireguardDevice } from "./wireguard_plan.ts";

/** What to set on the WireGuard interfaces there are; `applied` has what was set before, as JSON. */
export function tunnelChanges(
  settings: Settings,
  tunnels: readonly WireguardDevice[],
  applied: ReadonlyMap<string, string>,
  addressOf: AddressOf,
): { readonly changes: readonly Change[]; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const ignored = ignoredLinks(settings);
  const changes = settings.network.interfaces.flatMap((config): Change[] => {
    const { interface: name, virtual } = config;
    if (virtual?.kind !== "wireguard" || ignored.has(name)) return [];
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

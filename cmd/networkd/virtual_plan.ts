import { IFF, type Link, type NewLink } from "$lib/codec/mod.ts";
import { bondMembers, ignoredLinks } from "./interface_plan.ts";
import type { Change } from "./reconcile.ts";
import type { InterfaceConfig, Settings } from "./settings.ts";

/** The alias of links that networkd made: with it a later run knows what is its to take away. */
export const MARK = "networkd";

const MAX_VLAN_ID = 4094;

/**
 * What to change so that the virtual links of the settings are there, made as they say, and no other
 * that networkd made. `made` has what this process made each with: the kernel rounds some options.
 */
export function virtualChanges(
  settings: Settings,
  links: readonly Link[],
  made: ReadonlyMap<string, string>,
): { readonly changes: readonly Change[]; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const ignored = ignoredLinks(settings);
  const named = new Map(links.map((link) => [link.name, link]));
  const wanted = settings.network.interfaces.filter((config) =>
    config.virtual && !ignored.has(config.interface) &&
    !(config.virtual.kind === "vlan" && ignored.has(config.virtual.parent))
  );
  const kept = new Set(wanted.map((config) => config.interface));
  const members = bondMembers(settings);
  const changes = [
    ...links.filter(({ name, alias }) => alias === MARK && !kept.has(name)).map(removal),
    ...wanted.flatMap((config) => oneLink(config, named, made, faults)),
    ...links.filter(({ name }) => !ignored.has(name))
      .flatMap((link) => memberChanges(link, members, kept, named)),
  ];
  return { changes, faults };
}

function removal({ index, name }: Link): Change {
  return { type: "removeLink", link: { index, name } };
}

function oneLink(
  config: InterfaceConfig,
  named: ReadonlyMap<string, Link>,
  made: ReadonlyMap<string, string>,
  faults: string[],
): Change[] {
  const link = newLink(config, named, faults);
  if (!link) return [];
  const held = named.get(link.name);
  if (!held) return [{ type: "addLink", link }];
  if (held.alias !== MARK && held.kind !== link.kind) {
    faults.push(`Cannot make ${link.kind} ${link.name}: another interface has that name`);
    return [];
  }
  const same = made.get(link.name) === JSON.stringify(link) || isMadeAs(held, link);
  if (held.kind !== link.kind || !same) return [removal(held)];
  return held.alias === MARK ? [] : [{ type: "link", link: { index: held.index, alias: MARK } }];
}

/** The link to make; nothing while what it needs is not there yet, or when it cannot be. */
function newLink(
  { interface: name, virtual }: InterfaceConfig,
  named: ReadonlyMap<string, Link>,
  faults: string[],
): NewLink | undefined {
  switch (virtual?.kind) {
    case "dummy":
    case "wireguard":
      return { name, kind: virtual.kind };
    case "bond": {
      const primary = virtual.primary === undefined ? undefined : named.get(virtual.primary);
      const bond = { ...virtual.options, ...(primary ? { primary: primary.index } : {}) };
      return { name, kind: "bond", bond };
    }
    case "vlan": {
      if (virtual.id < 1 || virtual.id > MAX_VLAN_ID) {
        faults.push(`Cannot make VLAN ${name}: ids are from 1 to ${MAX_VLAN_ID}`);
        return undefined;
      }
      const parent = named.get(virtual.parent)?.index;
      return parent === undefined
        ? undefined
        : { name, kind: "vlan", vlan: { parent, id: virtual.id } };
    }
  }
}

function isMadeAs(held: Link, link: NewLink): boolean {
  switch (link.kind) {
    case "vlan":
      return held.vlan?.parent === link.vlan.parent && held.vlan.id === link.vlan.id;
    case "bond":
      return Object.entries(link.bond).every(([option, value]) =>
        held.bond?.[option as keyof typeof link.bond] === value
      );
    default:
      return true;
  }
}

/** A link joins a bond while it is down, and leaves one that no longer names it. */
function memberChanges(
  link: Link,
  members: ReadonlyMap<string, string>,
  kept: ReadonlySet<string>,
  named: ReadonlyMap<string, Link>,
): Change[] {
  const master = named.get(members.get(link.name) ?? "");
  if (master?.kind === "bond") {
    if (link.master === master.index) return [];
    const { index } = link;
    const down: Change = { type: "link", link: { index, up: false } };
    const join: Change = { type: "link", link: { index, master: master.index } };
    return (link.flags & IFF.UP) === 0 ? [join] : [down, join];
  }
  const held = [...named.values()].find(({ index }) => index === link.master);
  const leaves = held?.kind === "bond" && held.alias === MARK && kept.has(held.name);
  return leaves ? [{ type: "link", link: { index: link.index, master: 0 } }] : [];
}

import type { Service } from "./service.ts";

type Node = Pick<Service, "id" | "dependsOn">;

/** The services that depend on `id`, directly or through others. */
export function dependents(services: readonly Node[], id: string): string[] {
  const found = new Set<string>();
  const queue = [id];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const service of services) {
      if (!service.dependsOn?.includes(next) || found.has(service.id)) continue;
      found.add(service.id);
      queue.push(service.id);
    }
  }
  return [...found];
}

/** A circle of dependencies as `a, b, a`, or undefined; ids that are not loaded are no part of one. */
export function dependencyCycle(services: readonly Node[]): string[] | undefined {
  const byId = new Map(services.map((service) => [service.id, service]));
  const done = new Set<string>();
  const visit = (id: string, path: string[]): string[] | undefined => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (done.has(id)) return undefined;
    for (const next of byId.get(id)?.dependsOn ?? []) {
      const cycle = visit(next, [...path, id]);
      if (cycle) return cycle;
    }
    done.add(id);
    return undefined;
  };
  for (const { id } of services) {
    const cycle = visit(id, []);
    if (cycle) return cycle;
  }
  return undefined;
}

import { Code, ConnectError } from "@connectrpc/connect";
import { CONTAINERD_NAMESPACES } from "$lib/paths/mod.ts";
import { ContainerDriver } from "$proto/common/common_pb.ts";
import type { ContainerEntry } from "../containers/inventory.ts";
import type { Usage } from "../containers/usage.ts";
import type { MachineApi } from "./_impl.ts";

/** Where containers are found, by namespace. */
export interface ContainersDeps {
  readonly inventory: Readonly<Record<string, () => Promise<readonly ContainerEntry[]>>>;
  /** What the group of a process uses; undefined when it is gone. */
  readonly usage: (pid: number) => Promise<Usage | undefined>;
}

/** What a request says about which containers it means. */
interface Scope {
  readonly namespace: string;
  readonly driver: ContainerDriver;
}

/** Lists containers and what they use, and ends one so that whoever keeps it starts it again. */
export function containersApi(deps: ContainersDeps): MachineApi<
  "containers" | "stats" | "restart"
> {
  return {
    async containers(request) {
      const entries = await listContainers(deps, request);
      return { messages: [{ containers: entries.map(containerInfo) }] };
    },
    async stats(request) {
      const entries = await listContainers(deps, request);
      const stats = await Promise.all(entries.map(async (entry) => {
        const usage = entry.pid === 0 ? undefined : await deps.usage(entry.pid);
        return usage && stat(entry, usage);
      }));
      return { messages: [{ stats: stats.filter((entry) => entry !== undefined) }] };
    },
    async restart(request) {
      const entry = await findContainer(deps, request, request.id);
      await entry.terminate();
      return { messages: [{}] };
    },
  };
}

/** The containers that `scope` means. @throws {ConnectError} InvalidArgument for one that is none. */
export async function listContainers(
  { inventory }: Pick<ContainersDeps, "inventory">,
  { namespace, driver }: Scope,
): Promise<readonly ContainerEntry[]> {
  if (driver === ContainerDriver.CRI && namespace !== CONTAINERD_NAMESPACES.pods) {
    throw new ConnectError(
      "CRI inspector is supported only for K8s namespace",
      Code.InvalidArgument,
    );
  }
  const list = Object.hasOwn(inventory, namespace) ? inventory[namespace] : undefined;
  if (list) return await list();
  const names = Object.keys(inventory).join(", ");
  throw new ConnectError(
    `namespace ${JSON.stringify(namespace)} is not known; there are ${names}`,
    Code.InvalidArgument,
  );
}

/** The container that users call `id`. @throws {ConnectError} NotFound when there is none. */
export async function findContainer(
  deps: Pick<ContainersDeps, "inventory">,
  scope: Scope,
  id: string,
): Promise<ContainerEntry> {
  const entry = (await listContainers(deps, scope)).find((candidate) => candidate.id === id);
  if (!entry) throw new ConnectError(`container "${id}" not found`, Code.NotFound);
  return entry;
}

function containerInfo({ namespace, id, image, pid, status, podId, name }: ContainerEntry) {
  return { namespace, id, image, pid, status, podId, name };
}

function stat({ namespace, id, podId, name }: ContainerEntry, usage: Usage) {
  return { namespace, id, podId, name, memoryUsage: usage.memoryBytes, cpuUsage: usage.cpuNs };
}

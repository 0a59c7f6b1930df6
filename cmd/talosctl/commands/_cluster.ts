import { join } from "node:path";
import { clusterNodeRows, clusterRows } from "../cluster/show.ts";
import { clusterDirectory, type ClusterState } from "../cluster/state.ts";
import type { Session } from "../session.ts";

/** The cluster that the group's flags name. */
export function place({ globals, host }: Session): { name: string; directory: string } {
  const name = String(globals.name);
  const root = String(globals.state) || join(host.home, ".talos", "clusters");
  return { name, directory: clusterDirectory(root, name) };
}

/** Prints what `cluster show` prints. */
export function show({ out }: Session, state: ClusterState): void {
  out.record(clusterRows(state));
  if (!out.json) out.write("\nNODES:\n\n");
  out.table(clusterNodeRows(state));
}

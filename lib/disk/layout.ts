/** The partitions of a node's disk. */
import { PARTITION_TYPE } from "./gpt.ts";
import type { PartitionPlan } from "./gpt_layout.ts";

const MIB = 1 << 20;

/** In the order they lie on the disk; the last one has what is left. */
export const NODE_PARTITIONS = [
  // Two releases of about 120 MB, and a third while it is written.
  { name: "EFI", type: PARTITION_TYPE.esp, sizeBytes: 512 * MIB },
  { name: "META", type: PARTITION_TYPE.linux, sizeBytes: MIB },
  { name: "STATE", type: PARTITION_TYPE.linux, sizeBytes: 100 * MIB },
  { name: "EPHEMERAL", type: PARTITION_TYPE.linux },
] as const satisfies readonly Omit<PartitionPlan, "id">[];

/** Names of a node's partitions: the labels that `reset` takes. */
export type NodePartition = typeof NODE_PARTITIONS[number]["name"];

/** The plan of a node's disk; `id` gives a partition its GUID. */
export function nodePartitions(id: (name: NodePartition) => string): PartitionPlan[] {
  return NODE_PARTITIONS.map((partition) => ({ ...partition, id: id(partition.name) }));
}

/** The device of a partition: disks whose names end in a digit have a `p` before the number. */
export function partitionDevice(disk: string, number: number): string {
  return `${disk}${/\d$/.test(disk) ? "p" : ""}${number}`;
}

import { create } from "@bufbuild/protobuf";
import { type MemInfo, MemInfoSchema } from "$proto/machine/machine_pb.ts";
import { u64 } from "./_fields.ts";

type Counter = Exclude<keyof MemInfo, "$typeName" | "$unknown">;

const COUNTERS: ReadonlySet<string> = new Set(MemInfoSchema.fields.map((f) => f.localName));

/** `/proc/meminfo`: KiB, but for the HugePages_ counts; a line without a field of its own is left out. */
export function parseMeminfo(text: string): MemInfo {
  const info = create(MemInfoSchema);
  for (const line of text.split("\n")) {
    const [, name, value] = /^([\w()]+):\s*(\d+)/.exec(line) ?? [];
    const key = name?.replaceAll(/[^A-Za-z0-9]/g, "").toLowerCase();
    if (key !== undefined && COUNTERS.has(key)) info[key as Counter] = u64(value);
  }
  return info;
}

import { create } from "@bufbuild/protobuf";
import { type CPUInfo, CPUInfoSchema } from "$proto/machine/machine_pb.ts";
import { decimal, u32, words } from "./_fields.ts";

/** What each line of x86's and arm64's text fills in. */
const LINES: Record<string, (cpu: CPUInfo, value: string) => void> = {
  "vendor_id": (cpu, v) => cpu.vendorId = v,
  "cpu family": (cpu, v) => cpu.cpuFamily = v,
  "model": (cpu, v) => cpu.model = v,
  "model name": (cpu, v) => cpu.modelName = v,
  "stepping": (cpu, v) => cpu.stepping = v,
  "microcode": (cpu, v) => cpu.microcode = v,
  "cpu MHz": (cpu, v) => cpu.cpuMhz = decimal(v),
  "cache size": (cpu, v) => cpu.cacheSize = v,
  "physical id": (cpu, v) => cpu.physicalId = v,
  "siblings": (cpu, v) => cpu.siblings = u32(v),
  "core id": (cpu, v) => cpu.coreId = v,
  "cpu cores": (cpu, v) => cpu.cpuCores = u32(v),
  "apicid": (cpu, v) => cpu.apicId = v,
  "initial apicid": (cpu, v) => cpu.initialApicId = v,
  "fpu": (cpu, v) => cpu.fpu = v,
  "fpu_exception": (cpu, v) => cpu.fpuException = v,
  "cpuid level": (cpu, v) => cpu.cpuIdLevel = u32(v),
  "wp": (cpu, v) => cpu.wp = v,
  "flags": (cpu, v) => cpu.flags = words(v),
  "bugs": (cpu, v) => cpu.bugs = words(v),
  "bogomips": (cpu, v) => cpu.bogoMips = decimal(v),
  "clflush size": (cpu, v) => cpu.clFlushSize = u32(v),
  "cache_alignment": (cpu, v) => cpu.cacheAlignment = u32(v),
  "address sizes": (cpu, v) => cpu.addressSizes = v,
  "power management": (cpu, v) => cpu.powerManagement = v,
  "BogoMIPS": (cpu, v) => cpu.bogoMips = decimal(v),
  "Features": (cpu, v) => cpu.flags = words(v),
  "CPU implementer": (cpu, v) => cpu.vendorId = v,
  "CPU architecture": (cpu, v) => cpu.cpuFamily = v,
  "CPU part": (cpu, v) => cpu.model = v,
  "CPU revision": (cpu, v) => cpu.stepping = v,
};

/** `/proc/cpuinfo`: one entry for each `processor` line that starts a block. */
export function parseCpuinfo(text: string): CPUInfo[] {
  const cpus: CPUInfo[] = [];
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (name === "processor") cpus.push(create(CPUInfoSchema, { processor: u32(value) }));
    const cpu = cpus.at(-1);
    if (cpu && Object.hasOwn(LINES, name)) LINES[name]?.(cpu, value);
  }
  return cpus;
}

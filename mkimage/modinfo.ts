/** What a kernel module says about itself. */
export interface ModuleInfo {
  readonly depends: readonly string[];
  /** What has to be there before it, by module name or by alias; its start may fail without. */
  readonly before: readonly string[];
  readonly aliases: readonly string[];
}

/**
 * Reads the `.modinfo` section of a 64-bit little-endian module.
 * @throws {SyntaxError} when `bytes` is no such ELF file or has no such section.
 */
export function parseModuleInfo(bytes: Uint8Array<ArrayBuffer>): ModuleInfo {
  const text = new TextDecoder().decode(section(bytes, ".modinfo"));
  const depends: string[] = [];
  const before: string[] = [];
  const aliases: string[] = [];
  for (const entry of text.split("\0")) {
    const at = entry.indexOf("=");
    const value = entry.slice(at + 1);
    if (entry.startsWith("depends=")) depends.push(...value.split(",").filter((name) => name));
    if (entry.startsWith("softdep=")) {
      const names = /\bpre:\s*(.*?)\s*(?:post:|$)/.exec(value)?.[1] ?? "";
      before.push(...names.split(/\s+/).filter((name) => name));
    }
    if (entry.startsWith("alias=")) aliases.push(value);
  }
  return { depends, before, aliases };
}

/** Byte offsets of ELF64's file header and section headers. */
const ELF = {
  sectionOffset: 0x28,
  sectionSize: 0x3a,
  sectionCount: 0x3c,
  nameTable: 0x3e,
  offset: 0x18,
  size: 0x20,
} as const;

function section(bytes: Uint8Array<ArrayBuffer>, wanted: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0) !== 0x7f454c46 || bytes[4] !== 2) {
    throw new SyntaxError("Cannot read module: it is not a 64-bit ELF file");
  }
  const start = Number(view.getBigUint64(ELF.sectionOffset, true));
  const step = view.getUint16(ELF.sectionSize, true);
  const count = view.getUint16(ELF.sectionCount, true);
  const range = (index: number) => {
    const header = start + index * step;
    const from = Number(view.getBigUint64(header + ELF.offset, true));
    return bytes.subarray(from, from + Number(view.getBigUint64(header + ELF.size, true)));
  };
  const names = range(view.getUint16(ELF.nameTable, true));
  for (let index = 0; index < count; index++) {
    const from = view.getUint32(start + index * step, true);
    const name = new TextDecoder().decode(names.subarray(from, names.indexOf(0, from)));
    if (name === wanted) return range(index);
  }
  throw new SyntaxError(`Cannot read module: it has no ${wanted} section`);
}

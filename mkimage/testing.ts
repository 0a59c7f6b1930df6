/** A directory for one test, removed with all that is in it. */
export class Scratch implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Scratch> {
    return new Scratch(await Deno.makeTempDir({ prefix: "mkimage-test-" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** The smallest ELF file with a `.modinfo` section that holds `entries`, each ended by NUL. */
export function moduleWith(entries: readonly string[]): Uint8Array<ArrayBuffer> {
  const info = new TextEncoder().encode(entries.map((entry) => entry + "\0").join(""));
  const names = new TextEncoder().encode("\0.modinfo\0.shstrtab\0");
  const headers = 64 + info.length + names.length;
  const bytes = new Uint8Array(headers + 3 * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(0x28, BigInt(headers), true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, 3, true);
  view.setUint16(0x3e, 2, true);
  bytes.set(info, 64);
  bytes.set(names, 64 + info.length);
  const section = (index: number, name: number, offset: number, size: number) => {
    view.setUint32(headers + index * 64, name, true);
    view.setBigUint64(headers + index * 64 + 0x18, BigInt(offset), true);
    view.setBigUint64(headers + index * 64 + 0x20, BigInt(size), true);
  };
  section(1, 1, 64, info.length);
  section(2, 10, 64 + info.length, names.length);
  return bytes;
}

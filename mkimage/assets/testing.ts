/** EFI programs for tests of what is made of them. */

/**
 * A small EFI program: headers with room for `free` more sections, one section of code, and so many bytes
 * of `symbols` behind it.
 */
export function efiProgram(
  { free, symbols }: { readonly free: number; readonly symbols: number },
): Uint8Array<ArrayBuffer> {
  const headerBytes = Math.ceil((0x188 + 40 * (1 + free)) / 0x200) * 0x200;
  const bytes = new Uint8Array(headerBytes + 0x200 + symbols);
  const view = new DataView(bytes.buffer);
  const at = (offset: number, value: number) => view.setUint32(offset, value, true);
  view.setUint16(0, 0x5a4d, true);
  at(0x3c, 0x80);
  at(0x80, 0x4550);
  view.setUint16(0x84, 0x8664, true);
  view.setUint16(0x86, 1, true);
  view.setUint16(0x94, 240, true);
  view.setUint16(0x96, 0x206, true);
  const optional = 0x98;
  view.setUint16(optional, 0x20b, true);
  for (
    const [offset, value] of [[20, 0x1000], [32, 0x200], [36, 0x200], [56, 0x1200]]
      .concat([[60, headerBytes], [64, 0xdead], [108, 16]]) as [number, number][]
  ) at(optional + offset, value);
  view.setUint16(optional + 68, 10, true);
  const section = optional + 240;
  bytes.set(new TextEncoder().encode(".text"), section);
  for (
    const [offset, value] of [[8, 0x10], [12, 0x1000], [16, 0x200], [20, headerBytes]]
      .concat([[36, 0x6000_0020]]) as [number, number][]
  ) at(section + offset, value);
  bytes.fill(0x90, headerBytes, headerBytes + 0x200);
  // Symbols behind the sections.
  bytes.fill(0x53, headerBytes + 0x200);
  return bytes;
}

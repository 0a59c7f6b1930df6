/** Up to `limit` bytes from the start of a file. */
export async function readSome(path: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(limit);
  let size = 0;
  while (size < limit) {
    const read = await file.read(bytes.subarray(size));
    if (read === null) break;
    size += read;
  }
  return bytes.subarray(0, size);
}

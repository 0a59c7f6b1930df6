/** Makes the file of a disk that nothing was ever written to, in the place of what is there. */
export async function blankDisk(path: string, sizeBytes: number): Promise<void> {
  await Deno.writeFile(path, new Uint8Array());
  await Deno.truncate(path, sizeBytes);
}

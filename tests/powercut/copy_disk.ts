/** Copies a disk with its holes. */
export async function copyDisk(from: string, to: string): Promise<void> {
  const args = ["--sparse=always", "--reflink=auto", from, to];
  const { success } = await new Deno.Command("cp", { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`Cannot copy disk "${from}"`);
}

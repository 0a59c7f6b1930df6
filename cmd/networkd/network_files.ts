/**
 * Writes a file in place: it is bind-mounted over one in /etc, where a rename would leave the old
 * one in sight. Cut only after the text is written, so that a reader never finds it empty.
 */
export async function overwrite(path: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  using file = await Deno.open(path, { write: true, create: true });
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  await file.truncate(bytes.length);
}

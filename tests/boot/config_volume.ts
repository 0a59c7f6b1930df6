/** A CD that brings a machine its configuration. */
import { dirname, join } from "node:path";

/** Makes `file` a CD labelled `metal-iso` with this configuration on it. */
export function configVolume(file: string, yaml: string): void {
  const root = Deno.makeTempDirSync({ dir: dirname(file), prefix: "config-volume-" });
  Deno.writeTextFileSync(join(root, "config.yaml"), yaml);
  const { success, stderr } = new Deno.Command("genisoimage", {
    args: ["-quiet", "-V", "metal-iso", "-R", "-J", "-o", file, root],
  }).outputSync();
  Deno.removeSync(root, { recursive: true });
  if (!success) throw new Error(`Cannot make a CD: ${new TextDecoder().decode(stderr)}`);
}

/** Why this host cannot make such CDs, or nothing when it can. */
export async function isoToolMissing(): Promise<string | undefined> {
  const found = await new Deno.Command("genisoimage", { args: ["--version"], stdout: "null" })
    .output().then(({ success }) => success, () => false);
  return found ? undefined : "genisoimage is not installed";
}

/** Brings the programs up to date that unit tests run for real, where this host can build them. */
import { ROOT } from "../mkimage/paths.ts";

/** etcd and a control plane; those of the image, containerd and runc, are built with it. */
const PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/** Builds what the cache lacks; false when that broke. Their tests are skipped by name without them. */
export async function buildComponents(say: (line: string) => void): Promise<boolean> {
  say(`building ${PROGRAMS.join(", ")} where they are missing (minutes on two cores)`);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "components", ...PROGRAMS],
    cwd: ROOT,
    stdin: "null",
  }).spawn().status;
  return success;
}

import { dirname, join } from "node:path";
import { unpackTar } from "modern-tar";
import { type Decision, mergeKubeconfig, type Rename } from "$lib/kubeconfig/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import type { Client } from "./client/client.ts";
import { NodesError } from "./errors.ts";
import { readText, SECRET, statIfPresent, writeWhole } from "./files.ts";
import type { Host, HostFiles } from "./host.ts";

/** A kubeconfig is some kilobytes; more than this is something else. */
const MAX_BYTES = 1024 * 1024;

/** The kubeconfig that the node hands out: the administrator's. @throws {Error} when it sends none. */
export async function fetchKubeconfig(client: Client, timeoutMs = 60_000): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (
    const { message } of client.stream(MachineService.method.kubeconfig, {}, { timeoutMs })
  ) {
    size += message.bytes.length;
    if (size > MAX_BYTES) throw new Error("Cannot read the kubeconfig: the answer has no end");
    parts.push(new Uint8Array(message.bytes));
  }
  if (client.failures.length > 0) throw new NodesError(client.failures);
  const zipped = new Blob(parts).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    const entries = await unpackTar(zipped);
    const found = entries.find(({ header }) => header.name === "kubeconfig")?.data;
    if (found) return new TextDecoder().decode(found);
  } catch (cause) {
    throw new Error("Cannot read the kubeconfig: the answer is no tar.gz archive", { cause });
  }
  throw new Error("Cannot read the kubeconfig: the archive holds no file of that name");
}

/** Where `kubectl` looks: the first file of $KUBECONFIG, else ~/.kube/config. */
export function defaultKubeconfigPath({ env, home }: Pick<Host, "env" | "home">): string {
  const separator = Deno.build.os === "windows" ? ";" : ":";
  const [first] = (env.KUBECONFIG ?? "").split(separator).filter((path) => path !== "");
  return first ?? join(home, ".kube", "config");
}

/** Merges `kubeconfig` into the file at `path`; gives the renames and the name of its context. */
export async function mergeIntoFile(
  files: HostFiles,
  path: string,
  kubeconfig: string,
  options: { contextName?: string; onConflict(subject: string): Promise<Decision> },
): Promise<{ renames: Rename[]; context: string }> {
  const base = await statIfPresent(files, path) ? await readText(files, path) : "";
  const { contextName = "", onConflict } = options;
  try {
    const { text, ...merged } = await mergeKubeconfig(base, kubeconfig, {
      contextName,
      onConflict: (component, name) => onConflict(`${component} "${name}"`),
    });
    await writeKubeconfig(files, path, text);
    return merged;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`${error.message} (in "${path}")`, { cause: error });
  }
}

/** Writes a kubeconfig whole, for its owner only; a link stays one and what it points to changes. */
export async function writeKubeconfig(files: HostFiles, path: string, text: string): Promise<void> {
  const target = await files.realPath(path).catch(() => path);
  await files.mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await writeWhole(files, target, text, SECRET);
}

/** What is told of a rename, as `config merge` tells it. */
export function renameLine({ component, from, to }: Rename): string {
  return `renamed ${component} "${from}" -> "${to}"`;
}

import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the foreign client found out in one case. */
export interface CaseResult {
  readonly case: string;
  readonly pass: boolean;
  /** Name of the gRPC status, such as `OK` or `UNAVAILABLE`. */
  readonly code: string;
  /** Why the case failed, or what the status said. */
  readonly detail: string;
  readonly messages: number;
  readonly bytes: number;
  readonly firstMs: number | null;
  readonly totalMs: number;
}

/** The Python client, ready to run. */
export interface PythonClient {
  /** Runs `client.py` with a command and its options; gives a result a case. */
  run(command: string, options: readonly string[]): Promise<CaseResult[]>;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = join(ROOT, "tests/conformance");
const CACHE = join(ROOT, ".cache/conformance");
const PROTOS = [
  "common/common",
  "inspect/inspect",
  "machine/machine",
  "network/network",
  "resource/resource",
  "time/time",
];

/** Why the client cannot be set up here, or nothing when it can. */
export function pythonMissing(): string | undefined {
  try {
    const { success } = new Deno.Command("python3", {
      args: ["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success ? undefined : "python3 is older than 3.10 or has no venv module";
  } catch {
    return "python3 is not installed";
  }
}

/** Sets the client up: pinned packages in an environment of its own, descriptors from our protos. */
export async function pythonClient(): Promise<PythonClient> {
  const python = await environment();
  const descriptors = await compileProtos(python);
  return {
    async run(command, options) {
      const args = [join(HERE, "client.py"), command, "--descriptors", descriptors, ...options];
      const { code, stdout, stderr } = await output(python, args);
      if (code > 1) throw new Error(`Cannot run client.py ${command}: ${stderr.slice(-2_000)}`);
      const lines = stdout.split("\n").filter((line) => line !== "");
      if (lines.length === 0 || (code === 1 && /^Traceback/m.test(stderr))) {
        throw new Error(`Cannot run client.py ${command}: ${stderr.slice(-2_000)}`);
      }
      return lines.map((line) => JSON.parse(line) as CaseResult);
    },
  };
}

/** The interpreter of the environment; made once for each set of pinned packages. */
async function environment(): Promise<string> {
  const requirements = join(HERE, "requirements.txt");
  const digest = createHash("sha256").update(await Deno.readTextFile(requirements)).digest("hex");
  const dir = join(CACHE, `venv-${digest.slice(0, 12)}`);
  const python = join(dir, "bin/python");
  // Written last: an environment that was cut short is made anew.
  const ready = join(dir, "ready");
  if (await exists(ready)) return python;
  await Deno.remove(dir, { recursive: true }).catch(() => {});
  await Deno.mkdir(CACHE, { recursive: true });
  await must("python3", ["-m", "venv", dir]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
  await must(python, [...pip, "--only-binary", ":all:", "--requirement", requirements]);
  await Deno.writeTextFile(ready, "");
  return python;
}

async function compileProtos(python: string): Promise<string> {
  const proto = join(ROOT, "proto");
  const file = join(CACHE, "descriptors.bin");
  const inputs = PROTOS.map((name) => join(proto, `${name}.proto`));
  const args = ["-m", "grpc_tools.protoc", `--proto_path=${proto}`, "--include_imports"];
  const temporary = `${file}.${crypto.randomUUID()}`;
  await must(python, [...args, `--descriptor_set_out=${temporary}`, ...inputs]);
  await Deno.rename(temporary, file);
  return file;
}

async function must(command: string, args: string[]): Promise<void> {
  const { code, stderr } = await output(command, args);
  if (code !== 0) throw new Error(`Cannot set up Python client: ${command}: ${stderr.trim()}`);
}

async function output(
  command: string,
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    env: { PYTHONDONTWRITEBYTECODE: "1" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

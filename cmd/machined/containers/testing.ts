/**
 * A real containerd with a registry to pull from, for tests as root where the components are built.
 *
 * @module
 */
import { packTar } from "modern-tar";
import { dirname, join } from "node:path";
import { Containerd } from "$lib/containerd/mod.ts";
import { componentProgram } from "$lib/etcd/testing.ts";

/** The programs a rig needs: built components, or those in PATH. */
const PROGRAMS = ["containerd", "containerd-shim-runc-v2", "runc", "gcc"] as const;

/** Why this host cannot run containers; undefined when it can. */
export function rigFault(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs root on Linux";
  const missing = PROGRAMS.filter((name) => componentProgram(name) === undefined);
  return missing.length > 0 ? `needs ${missing.join(", ")}` : undefined;
}

/** A PATH in which containerd finds the shim, and the shim runc. */
function searchPath(): string {
  const directories = PROGRAMS.flatMap((name) => dirname(componentProgram(name) ?? "/"));
  return [...directories, Deno.env.get("PATH") ?? ""].join(":");
}

/** Files of an image as a registry serves them: by digest. */
export interface ServedImage {
  /** Digest of the manifest. */
  readonly digest: string;
  readonly blobs: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** An image whose one file is the statically linked test program, as `/<name>`. */
export async function programImage(directory: string, name = "program"): Promise<ServedImage> {
  const program = join(directory, "program");
  const source = new URL("_program.c", import.meta.url).pathname;
  await run("gcc", ["-static", "-O1", "-o", program, source]);
  return await imageOf({ [name]: await Deno.readFile(program) });
}

/** An image of these files, executable all of them. */
export async function imageOf(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<ServedImage> {
  const entries = Object.entries(files).map(([name, body]) => ({
    ...{ header: { name, size: body.length, mode: 0o755 }, body },
  }));
  const layer = Uint8Array.from(await packTar(entries));
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const add = async (bytes: Uint8Array<ArrayBuffer>, mediaType: string) => {
    const digest = await digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const layers = [await add(layer, "application/vnd.oci.image.layer.v1.tar")];
  const config = {
    os: "linux",
    architecture: "amd64",
    config: { Env: ["GREETING=image", "PATH=/"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  };
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: await add(json(config), "application/vnd.oci.image.config.v1+json"),
    layers,
  });
  return { digest: (await add(manifest, MANIFEST)).digest, blobs };
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `sha256:${new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex()}`;
}

/** Only tags that start so are there. */
const TAG = /^v1\b/;

/** A registry that serves `image` under every repository, to who shows `authorization`. */
export function serveImage(
  image: ServedImage,
  authorization?: string,
): { readonly port: number; readonly asked: string[]; close(): Promise<void> } {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (authorization !== undefined && request.headers.get("authorization") !== authorization) {
      const headers = { "www-authenticate": 'Basic realm="registry"' };
      return new Response("who are you", { status: 401, headers });
    }
    const reference = /\/(?:manifests|blobs)\/([^/]+)$/.exec(pathname)?.[1];
    if (reference === undefined) return new Response("{}");
    const digest = TAG.test(reference) ? image.digest : decodeURIComponent(reference);
    const bytes = image.blobs.get(digest);
    if (!bytes) return new Response("not here", { status: 404 });
    const type = digest === image.digest ? MANIFEST : "application/octet-stream";
    return new Response(request.method === "HEAD" ? null : bytes, {
      headers: {
        "content-type": type,
        "content-length": String(bytes.length),
        "docker-content-digest": digest,
      },
    });
  });
  return { port: server.addr.port, asked, close: () => server.shutdown() };
}

/** A containerd of its own in a temporary folder. */
export class ContainerdRig implements AsyncDisposable {
  #child: Deno.ChildProcess | undefined;

  private constructor(readonly directory: string) {}

  /** Starts one. */
  static async start(): Promise<ContainerdRig> {
    const rig = new ContainerdRig(await Deno.makeTempDir({ prefix: "rig-" }));
    const { directory } = rig;
    await Deno.mkdir(rig.hosts);
    await Deno.writeTextFile(
      join(directory, "config.toml"),
      `version = 3
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
[grpc]
address = "${rig.socket}"
[ttrpc]
address = "${directory}/ttrpc.sock"
`,
    );
    await rig.launch();
    return rig;
  }

  /** Path of its socket. */
  get socket(): string {
    return join(this.directory, "containerd.sock");
  }

  /** Its directory of `hosts.toml` files. */
  get hosts(): string {
    return join(this.directory, "hosts");
  }

  /** Starts the daemon and waits until it answers. */
  async launch(): Promise<void> {
    this.#child = new Deno.Command(componentProgram("containerd") ?? "containerd", {
      env: { PATH: searchPath() },
      args: ["--config", join(this.directory, "config.toml"), "--log-level", "error"],
      stdout: "null",
      stderr: "null",
    }).spawn();
    using containerd = new Containerd(this.socket, "test");
    for (let tries = 0;; tries++) {
      try {
        return void await containerd.version.version({});
      } catch (error) {
        if (tries > 600) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Kills the daemon; its containers live on. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.status;
  }

  /** Sends every image of `registry` to the one on this loopback port. */
  async mirror(registry: string, port: number, more = ""): Promise<void> {
    const directory = join(this.hosts, registry);
    await Deno.mkdir(directory, { recursive: true });
    await Deno.writeTextFile(
      join(directory, "hosts.toml"),
      `server = "http://127.0.0.1:9"\n[host."http://127.0.0.1:${port}"]\n` +
        `capabilities = ["pull", "resolve"]\n${more}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
}

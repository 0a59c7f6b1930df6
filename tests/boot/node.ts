/**
 * A node under test: a generated configuration served on loopback, a machine that boots the built
 * image with it, and a client with the cluster's admin certificate.
 *
 * @module
 */
import { type Client, createClient } from "@connectrpc/connect";
import { KernelCmdline } from "$lib/cmdline/mod.ts";
import { defaultArguments } from "$lib/cmdline/mod.ts";
import { createAdminIdentity, createSecrets, generateConfigs } from "$lib/config/mod.ts";
import { type PemPair, tlsKey } from "$lib/pki/mod.ts";
import { tlsTransport } from "$lib/rpc/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { EMULATED_ARGUMENTS } from "../../cmd/talosctl/cluster/qemu.ts";
import { Vm, type VmOptions } from "./vm.ts";

/** The built image. */
export const DIST = new URL("../../dist/", import.meta.url).pathname;
/** The flags by which `cluster create` lets QEMU hand machines its kernel. */
export const KERNEL_FLAGS = [
  ...["--vmlinuz-path", `${DIST}vmlinuz-amd64`],
  ...["--initrd-path", `${DIST}initramfs-amd64.xz`],
] as const;

/** What a test asks of its node beside the defaults. */
export interface NodeOptions extends Partial<Omit<VmOptions, "directory" | "cmdline">> {
  /** Kernel arguments; one with the key of a default replaces it. */
  readonly arguments?: readonly string[];
  /** Where kernel, initramfs and the rest lie; the ordinary image when absent. */
  readonly image?: string;
  /** Changes the generated configuration. */
  readonly config?: (yaml: string) => string;
  /** Ports of the guest that its address has on the host, beside apid's. */
  readonly ports?: readonly number[];
  /** What the configuration's URL answers instead of the configuration. */
  readonly serve?: (request: Request) => Response;
}

/** A node that runs. */
export interface Node extends AsyncDisposable {
  readonly vm: Vm;
  /** Its address on the host's loopback; apid listens there on port 50000. */
  readonly address: string;
  readonly ca: PemPair;
  readonly admin: PemPair;
  readonly machine: Client<typeof MachineService>;
  /** Waits until the API answers; gives the seconds since QEMU started. */
  ready(timeoutMs?: number): Promise<number>;
}

/** Services that need a registry, which only some tests give their machine. */
export const CLUSTER_SERVICES: readonly string[] = ["etcd", "kubelet"];

/**
 * How long a boot may take, milliseconds: half a minute on two quiet cores. Shared ones have taken five
 * minutes for it, so a test that hangs costs a quarter of an hour.
 */
export const BOOT_MS = 900_000;

/** How long anything else may take on a machine that runs, milliseconds. */
export const EVENT_MS = 240_000;

/**
 * A loopback address on which port 50000 is free. Drawn by chance: test files run side by side in one
 * process, each with variables of its own.
 */
function freeAddress(): string {
  for (;;) {
    const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint8Array(3));
    const address = `127.${80 + a % 40}.${b}.${1 + c % 254}`;
    try {
      Deno.listen({ hostname: address, port: 50000 }).close();
      return address;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Boots a node; the test waits for `ready` itself, since some are not to get there. */
export async function startNode(options: NodeOptions = {}): Promise<Node> {
  const address = freeAddress();
  const now = new Date();
  const secrets = await createSecrets({ now });
  const admin = await createAdminIdentity({ ca: secrets.ca, now });
  const yaml = generateConfigs({
    clusterName: "boot-test",
    endpoint: `https://${address}:6443`,
    secrets,
    additionalSans: [address],
    installDisk: "/dev/vda",
  }).controlplane;
  const text = options.config?.(yaml) ?? yaml;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    options.serve ?? (() => new Response(text)),
  );
  const directory = await Deno.makeTempDir({ prefix: "boot-test-" });
  const image = options.image ?? DIST;
  const vm = Vm.start({
    kernel: `${image}/vmlinuz-amd64`,
    initrd: `${image}/initramfs-amd64.xz`,
    forwards: [50000, ...options.ports ?? []].map((port) => ({ address, port, guestPort: port })),
    ...options,
    directory,
    cmdline: cmdline(server.addr.port, options.arguments ?? []),
  });
  const start = performance.now();
  const machine = createClient(
    MachineService,
    tlsTransport({
      host: address,
      port: 50000,
      ca: secrets.ca.crt,
      cert: admin.crt,
      key: tlsKey(admin.key),
      timeoutMs: 60_000,
    }),
  );
  return {
    vm,
    address,
    ca: secrets.ca,
    admin,
    machine,
    async ready(timeoutMs = BOOT_MS) {
      await until(async () => void await machine.version({}), timeoutMs, vm);
      return (performance.now() - start) / 1000;
    },
    async [Symbol.asyncDispose]() {
      await vm[Symbol.asyncDispose]();
      await server.shutdown();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** The default command line with `extra` put in; an argument replaces the default of its key. */
function cmdline(configPort: number, extra: readonly string[]): string {
  const keys = new Set(KernelCmdline.parse(extra.join(" ")).args.map(({ key }) => key));
  const defaults = defaultArguments({
    platform: "metal",
    config: `http://10.0.2.2:${configPort}/config.yaml`,
    consoles: ["ttyS0"],
  }).concat(EMULATED_ARGUMENTS);
  const kept = defaults.filter((argument) => !keys.has(argument.split("=")[0] ?? ""));
  return [...kept, ...extra].join(" ");
}

/**
 * Tries until `attempt` passes, while the machine is there; a failure shows the end of the console. A
 * program that is started for minutes wants a longer pause: it takes from the machine that it asks about.
 */
export async function until(
  attempt: () => Promise<void>,
  timeoutMs: number,
  vm?: Vm,
  pauseMs = 250,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const over = vm?.over ?? false;
    try {
      return await attempt();
    } catch (cause) {
      if (over || performance.now() > deadline) {
        const tail = (await vm?.console() ?? "").split("\n").slice(-40).join("\n");
        const when = over ? "before QEMU ended" : `in ${timeoutMs} ms`;
        throw new Error(`Cannot get there ${when}: ${cause}\nconsole:\n${tail}`, { cause });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** The text that a stream of bytes holds, such as the answers of `read`. */
export async function textOf(
  stream: AsyncIterable<{ readonly bytes: Uint8Array }>,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const { bytes } of stream) text += decoder.decode(bytes, { stream: true });
  return text;
}

/**
 * A real control plane on loopback for tests: etcd, kube-apiserver, controller-manager and scheduler
 * with the flags and files of the static pods.
 *
 * @module
 */
import type { EtcdClient } from "$lib/etcd/mod.ts";
import { componentProgram, freePort, type RunningMember, TestEtcd } from "$lib/etcd/testing.ts";
import { KubeClient } from "$lib/kube/mod.ts";
import type { ControlPlaneConfigs } from "$lib/resources/mod.ts";
import type { SecureTarget } from "$lib/secure_http/mod.ts";
import { controlPlaneConfigs } from "../config/control_plane_configs.ts";
import { testConfig, testSecrets } from "../testing.ts";
import { kubeTarget, localApiUrl } from "./access.ts";
import { keepFiles } from "./files.ts";
import { apiServerFlags } from "./pods/api_server.ts";
import { commandLine, type Flags } from "./pods/arguments.ts";
import { controllerManagerFlags } from "./pods/controller_manager.ts";
import { type Component, SECRETS_DIR } from "./pods/pod.ts";
import { schedulerFlags } from "./pods/scheduler.ts";
import { secretFiles, type SecretSources } from "./secrets/files.ts";

/** The programs that it needs. */
export const CONTROL_PLANE = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
];

const START_LIMIT_MS = 300_000;

/** A control plane whose processes end with it. */
export class RealControlPlane implements AsyncDisposable {
  readonly #processes = new Map<Component, Deno.ChildProcess>();

  private constructor(
    readonly etcd: TestEtcd,
    readonly member: RunningMember,
    readonly sources: SecretSources,
    readonly configs: ControlPlaneConfigs,
  ) {}

  /** Starts etcd and the API server, and waits until that is ready. */
  static async start(): Promise<RealControlPlane> {
    const secrets = await testSecrets();
    const etcd = await TestEtcd.make({ ca: secrets.rootEtcd.etcdCA, leaf: secrets.etcd.etcdPeer });
    const member = await etcd.start({ name: "a" });
    await etcd.healthy(member);
    const configs = controlPlaneConfigs((await testConfig()).config) as ControlPlaneConfigs;
    const sources = { ...secrets, localPort: freePort() };
    const plane = new RealControlPlane(etcd, member, sources, configs);
    await plane.#writeSecrets();
    plane.#runApiServer();
    await plane.#untilReady();
    return plane;
  }

  /** Where its API server listens, for its administrator. */
  get api(): SecureTarget {
    const { root, certificates, localPort } = this.sources;
    return kubeTarget(localApiUrl({ localPort }), root, certificates);
  }

  /** A client of its API. */
  client(): KubeClient {
    return new KubeClient(this.api);
  }

  /** A client of its etcd. */
  store(): EtcdClient {
    return this.etcd.client(this.member);
  }

  /** Starts the controller manager and the scheduler. */
  runControllers(): void {
    this.run("kube-controller-manager", {
      ...controllerManagerFlags(this.configs["kube-controller-manager"]),
      "secure-port": String(freePort()),
    });
    this.run("kube-scheduler", {
      ...schedulerFlags(this.configs["kube-scheduler"]),
      "secure-port": String(freePort()),
    });
  }

  /** Starts a component with these flags; secrets are read from the directory of the test. */
  run(component: Component, flags: Flags): void {
    const program = componentProgram(component) ?? component;
    const [, ...args] = commandLine(program, flags)
      .map((text) => text.replaceAll(SECRETS_DIR, this.etcd.directory));
    const log = Deno.env.has("SHOW_CONTROL_PLANE") ? "inherit" : "null";
    const process = new Deno.Command(program, { args, stdout: "null", stderr: log }).spawn();
    this.#processes.set(component, process);
  }

  /** Kills the API server, does `work`, and starts it again as it was. */
  async withoutApi(work: () => Promise<void>): Promise<void> {
    await this.#end("kube-apiserver");
    await work();
    this.#runApiServer();
    await this.#untilReady();
  }

  async #end(component: Component): Promise<void> {
    const process = this.#processes.get(component);
    try {
      process?.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await process?.status;
  }

  #runApiServer(): void {
    this.run("kube-apiserver", {
      ...apiServerFlags({
        ...this.configs["kube-apiserver"],
        etcdServers: [this.member.clientUrl],
      }),
      "advertise-address": "10.5.0.2",
      "bind-address": "127.0.0.1",
      "secure-port": String(this.sources.localPort),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const component of this.#processes.keys()) await this.#end(component);
    await this.etcd[Symbol.asyncDispose]();
  }

  async #writeSecrets(): Promise<void> {
    for (const [component, files] of Object.entries(secretFiles(this.sources))) {
      const directory = `${this.etcd.directory}/${component}`;
      await keepFiles({ directory, fileMode: 0o400, owns: () => true }, files);
    }
  }

  async #untilReady(): Promise<void> {
    using client = this.client();
    const endMs = Date.now() + START_LIMIT_MS;
    while (true) {
      try {
        return await client.ready();
      } catch (error) {
        if (Date.now() > endMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}

import assert from "node:assert/strict";
import { FdPoller } from "$ffi/poller.ts";
import {
  Containerd,
  containerRunner,
  type ContainerSpec,
  pullImage,
  type Registries,
} from "$lib/containerd/mod.ts";
import { LogStore, ServiceManager } from "$lib/service/mod.ts";
import { containersOf } from "./inventory.ts";
import { outputPipes } from "./pipes.ts";
import { writeRegistryHosts } from "./registry_hosts.ts";
import { ContainerdRig, programImage, rigFault, serveImage } from "./testing.ts";

const fault = rigFault();

/** A test that runs against a real containerd, or is skipped by name. */
function native(name: string, fn: (world: World) => Promise<void>): void {
  Deno.test({
    name: fault === undefined ? name : `${name} (${fault})`,
    ignore: fault !== undefined,
    async fn() {
      await using world = await World.create();
      await fn(world);
    },
  });
}

/** One service in a container of a real containerd. */
class World implements AsyncDisposable {
  readonly manager = new ServiceManager({ backoffMs: 50 });
  readonly logs = new LogStore();
  readonly poller = new FdPoller();
  readonly containerd: Containerd;

  private constructor(
    readonly rig: ContainerdRig,
    readonly registry: ReturnType<typeof serveImage>,
  ) {
    this.containerd = new Containerd(rig.socket, "system");
  }

  static async create(): Promise<World> {
    const rig = await ContainerdRig.start();
    const registry = serveImage(await programImage(rig.directory));
    await rig.mirror("registry.test", registry.port);
    return new World(rig, registry);
  }

  load(
    mode: string,
    more: Partial<ContainerSpec> = {},
    reference = "registry.test/program:v1",
  ): void {
    this.manager.load({
      id: "job",
      run: containerRunner({
        containerd: this.containerd,
        id: "job",
        image: () => ({ reference }),
        spec: () => ({ args: ["/program", mode], cgroup: "/machined-test-job", ...more }),
        images: { hostsDirectory: this.rig.hosts, architecture: "amd64" },
        pipes: outputPipes(`${this.rig.directory}/pipes`, this.poller),
        log: this.logs.writer("job"),
        graceMs: 300,
      }),
    });
    this.manager.start();
  }

  get lines(): string[] {
    return new TextDecoder().decode(this.logs.tail("job")).split("\n").slice(0, -1);
  }

  get messages(): string[] {
    return this.manager.status("job")!.events.map(({ state, message }) => `${state}: ${message}`);
  }

  async until(test: () => boolean): Promise<void> {
    for (let tries = 0; tries < 6_000; tries++) {
      if (test()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail(`never: ${test}\n${this.lines.join("\n")}\n${this.messages.join("\n")}`);
  }

  /** Pids of the containers that containerd knows. */
  async tasks(): Promise<number[]> {
    return (await this.containerd.tasks.list({})).tasks.map(({ pid }) => pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.manager.stop();
    this.containerd.close();
    await this.registry.close();
    await this.rig[Symbol.asyncDispose]();
    await this.poller[Symbol.asyncDispose]();
  }
}

native(
  "containerRunner() pulls, runs, logs and stops by SIGTERM, and leaves nothing",
  async (world) => {
    world.load("wait", { env: { GREETING: "spec" }, user: { uid: 50, gid: 50 } });
    await world.until(() => world.lines.includes("up"));
    assert.match(world.lines[0]!, /^Image registry\.test\/program:v1 is sha256:[0-9a-f]{64}$/);
    assert.equal(world.lines[1], "mode wait uid 50 greeting spec");
    const running = /^Running: Container job started with PID \d+$/;
    await world.until(() => running.test(world.messages.at(-1) ?? ""));
    await world.manager.stop();
    assert.equal(world.lines.at(-1), "bye");
    assert.match(world.messages.at(-2)!, /^Stopping: Sending SIGTERM to container job/);
    assert.equal(world.messages.at(-1), "Finished: Service finished successfully");
    assert.deepEqual(await world.tasks(), []);
    assert.deepEqual((await world.containerd.containers.list({})).containers, []);
  },
);

native(
  "containerRunner() starts a container again that ended, and says how it ended",
  async (world) => {
    world.load("fail");
    await world.until(() => world.lines.filter((line) => line === "no such luck").length >= 2);
    const ended = /^Waiting: Error running the service: container job exited with code 7, going to/;
    assert.ok(world.messages.some((message) => ended.test(message)));
  },
);

native("containerRunner() kills a container that ignores SIGTERM", async (world) => {
  world.load("deaf");
  await world.until(() => world.lines.includes("up"));
  await world.manager.stop();
  assert.match(world.messages.at(-2)!, /^Stopping: Sending SIGKILL/);
  assert.deepEqual(await world.tasks(), []);
});

native("containerRunner() names image and registry of a pull that fails", async (world) => {
  world.load("wait", {}, "registry.test/program:v2");
  await world.until(() => world.messages.some((message) => /going to restart/.test(message)));
  const message = world.messages.find((text) => /going to restart/.test(text))!;
  assert.match(
    message,
    /Cannot pull image "registry\.test\/program:v2" of registry "registry\.test": .*not found; check its name/,
  );
});

native(
  "containerRunner() leaves the container alone while its containerd is away",
  async (world) => {
    world.load("wait");
    await world.until(() => world.lines.includes("up"));
    const before = await world.tasks();
    await world.rig.kill();
    await world.until(() =>
      world.lines.some((line) => line.startsWith("Waiting for containerd: "))
    );
    await world.rig.launch();
    assert.deepEqual(await world.tasks(), before);
    await world.manager.stop();
    assert.equal(world.lines.at(-1), "bye");
    assert.deepEqual(await world.tasks(), []);
  },
);

native("containerRunner() removes what an earlier life left behind", async (world) => {
  world.load("wait");
  await world.until(() => world.lines.includes("up"));
  const [pid] = await world.tasks();
  Deno.kill(pid!, "SIGKILL");
  await world.until(() => world.lines.filter((line) => line === "up").length === 2);
  const [next] = await world.tasks();
  assert.notEqual(next, pid);
});

native("containersOf() lists a running container and one whose process has gone", async (world) => {
  world.load("wait");
  await world.until(() => world.lines.includes("up"));
  const [job] = await containersOf(world.containerd);
  assert.deepEqual([await world.tasks(), job?.id, job?.status], [[job?.pid], "job", "RUNNING"]);
  assert.equal(job?.image, "registry.test/program:v1");
  await job.terminate();
  await world.until(() => world.lines.includes("bye"));
});

native("pullImage() logs in with what machine.registries says", async (world) => {
  const secret = 'p"w of mine';
  const registry = serveImage(
    await programImage(world.rig.directory),
    `Basic ${btoa(`me:${secret}`)}`,
  );
  const endpoint = `http://127.0.0.1:${registry.port}`;
  const settings = (password: string): Registries => ({
    mirrors: { "private.test": { endpoints: [endpoint] } },
    config: { [`127.0.0.1:${registry.port}`]: { auth: { username: "me", password } } },
  });
  const source = { hostsDirectory: world.rig.hosts, architecture: "amd64" } as const;
  const pull = async (password: string) => {
    await writeRegistryHosts(world.rig.hosts, settings(password), () => {});
    const signal = AbortSignal.timeout(60_000);
    await pullImage(world.containerd, "private.test/program:v1", source, signal);
  };
  try {
    await assert.rejects(pull("wrong"), /of registry "private\.test": .*(401|authorization)/i);
    await pull(secret);
  } finally {
    await registry.close();
  }
});

import assert from "node:assert/strict";
import { Code, ConnectError, createClient, createRouterTransport } from "@connectrpc/connect";
import {
  ContainerState,
  NamespaceMode,
  PodSandboxState,
  RuntimeService,
} from "$proto/runtime/runtime_pb.ts";
import { PRE_STOP_ANNOTATION } from "./pre_stop.ts";
import { stopPods } from "./stop_pods.ts";

function withPreStop<T extends { annotations: object }>(container: T, command: string[]): T {
  const handler = JSON.stringify({ exec: { command } });
  return {
    ...container,
    annotations: { ...container.annotations, [PRE_STOP_ANNOTATION]: handler },
  };
}

function world(fail?: string) {
  const calls: string[] = [];
  const pod = (id: string, state = PodSandboxState.SANDBOX_READY) => ({
    id,
    state,
    metadata: { namespace: "default", name: id },
  });
  const container = (id: string, podSandboxId: string, grace?: string) => ({
    id,
    podSandboxId,
    state: ContainerState.CONTAINER_RUNNING,
    annotations: grace === undefined ? {} : { "io.kubernetes.pod.terminationGracePeriod": grace },
  });
  const transport = createRouterTransport(({ service }) =>
    service(RuntimeService, {
      listPodSandbox: () => ({
        items: [pod("net"), pod("web"), pod("gone", PodSandboxState.SANDBOX_NOTREADY)],
      }),
      listContainers: () => ({
        containers: [
          container("net-a", "net"),
          withPreStop(container("web-a", "web", "5"), ["/bin/drain"]),
          container("web-b", "web", "600"),
          { ...container("web-old", "web"), state: ContainerState.CONTAINER_EXITED },
        ],
      }),
      podSandboxStatus: ({ podSandboxId }) => {
        const network = podSandboxId === "net" ? NamespaceMode.NODE : NamespaceMode.POD;
        return { status: { linux: { namespaces: { options: { network } } } } };
      },
      execSync({ containerId, cmd, timeout }) {
        calls.push(`${cmd} in ${containerId} within ${timeout} s`);
        return { exitCode: 1 };
      },
      stopContainer({ containerId, timeout }) {
        if (containerId === fail) throw new ConnectError("stuck", Code.Internal);
        calls.push(`container ${containerId} in ${timeout} s`);
        return {};
      },
      stopPodSandbox({ podSandboxId }) {
        calls.push(`pod ${podSandboxId}`);
        return {};
      },
    })
  );
  const lines: string[] = [];
  const stop = () =>
    stopPods(createClient(RuntimeService, transport), {
      limitMs: 60_000,
      log: (line) => lines.push(line),
      signal: new AbortController().signal,
    });
  return { calls, lines, stop };
}

Deno.test("stopPods() stops pods with a network of their own first, each in its time and after its preStop", async () => {
  const { calls, lines, stop } = world();
  await stop();
  assert.ok(lines.includes("pod default/web: Cannot finish preStop: it exited with code 1"));
  assert.deepEqual(calls, [
    "/bin/drain in web-a within 5 s",
    "container web-b in 60 s",
    "container web-a in 5 s",
    "pod web",
    "container net-a in 30 s",
    "pod net",
  ]);
});

Deno.test("stopPods() logs a pod that cannot be stopped, and goes on", async () => {
  const { calls, lines, stop } = world("web-a");
  await stop();
  assert.ok(lines.some((line) => /^Cannot stop pod default\/web: .*stuck/.test(line)));
  assert.equal(calls.at(-1), "pod net");
});

import { dirname } from "node:path/posix";
import type { MachineConfig } from "$lib/config/mod.ts";
import type { LogStore, Service } from "$lib/service/mod.ts";
import type { ConfigStore, RunningConfig } from "../config/store.ts";
import { type ContainerHost, runContainer } from "../containers/host.ts";
import { checkJoining, joiningOf, patiently } from "../kubelet/joining.ts";
import { KUBELET_CERTIFICATE, type KubeletPlan, kubeletPlan } from "../kubelet/plan.ts";

/** What the kubelet's service needs. */
export interface KubeletDeps {
  readonly containers: ContainerHost;
  readonly config: Pick<ConfigStore, "running">;
  readonly logs: LogStore;
  readonly hostname: () => string;
  /** Services it starts after. */
  readonly dependsOn: readonly string[];
}

const HEALTH_URL = "http://127.0.0.1:10248/healthz";

/** A cluster that is being founded does not know its own token for so long. */
const REFUSAL_MS = 180_000;

/** Runs pods. Starts anew when the configuration asks for another kubelet than the one that runs. */
export function kubeletService(deps: KubeletDeps): Service {
  const letIn = patiently(REFUSAL_MS, () => performance.now());
  return {
    id: "kubelet",
    dependsOn: deps.dependsOn,
    async run(signal, report) {
      while (!signal.aborted) {
        const plan = planOf(deps, deps.config.running.value);
        await layOut(plan);
        using changed = changeOf(deps, plan, signal);
        await runContainer(deps.containers, deps.logs, {
          id: "kubelet",
          image: () => ({ reference: plan.image }),
          spec: () => plan.spec,
        })(AbortSignal.any([signal, changed.signal]), report);
      }
    },
    health: {
      initialDelayMs: 2_000,
      periodMs: 5_000,
      timeoutMs: 10_000,
      async check(signal) {
        const { status, body } = await fetch(HEALTH_URL, { signal });
        await body?.cancel();
        if (status !== 200) throw new Error(`it answers ${status}`);
        // One that the cluster does not let in is well for its own part, and asks for ever.
        if (await exists(KUBELET_CERTIFICATE)) return;
        await letIn(() => checkJoining(joiningOf(configOf(deps.config.running.value)), signal));
      },
    },
  };
}

function planOf({ hostname }: KubeletDeps, running: RunningConfig | undefined): KubeletPlan {
  return kubeletPlan(configOf(running), hostname());
}

function configOf(running: RunningConfig | undefined): MachineConfig {
  if (!running) throw new Error("Cannot start the kubelet: the machine has no configuration");
  return running.config;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Aborted once the configuration asks for another kubelet than `plan`; disposing ends the watch. */
function changeOf(
  deps: KubeletDeps,
  plan: KubeletPlan,
  signal: AbortSignal,
): { readonly signal: AbortSignal } & Disposable {
  const changed = new AbortController();
  const over = new AbortController();
  const present = JSON.stringify(plan);
  (async () => {
    for await (const running of deps.config.running.watch(AbortSignal.any([signal, over.signal]))) {
      if (JSON.stringify(planOf(deps, running)) !== present) return changed.abort();
    }
  })().catch((error: unknown) => changed.abort(error));
  return { signal: changed.signal, [Symbol.dispose]: () => over.abort() };
}

async function layOut({ files, directories }: KubeletPlan): Promise<void> {
  for (const path of directories) await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  for (const { path, mode, text } of files) {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(`${path}.new`, text, { mode });
    await Deno.chmod(`${path}.new`, mode);
    await Deno.rename(`${path}.new`, path);
  }
}

import type { Machine } from "../machine.ts";
import type { Task } from "../sequences/engine.ts";

/** Sets `machine.env` for this process and what it starts. */
export function setUserEnvironment({ config }: Pick<Machine, "config">): Task {
  return {
    name: "setUserEnvVars",
    run() {
      const env = config.running.value?.config.machine.env ?? {};
      for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
    },
  };
}

import type { LaunchedProcess, ProcessLauncher } from "$lib/service/mod.ts";

/**
 * Launches processes ahead of their services: a runtime takes seconds to come up on a slow machine,
 * and until its service writes its settings it only waits for them.
 */
export class EarlyLauncher<Spec> implements ProcessLauncher<Spec> {
  readonly #launcher: ProcessLauncher<Spec>;
  readonly #ahead = new Map<Spec, Promise<LaunchedProcess>>();

  constructor(launcher: ProcessLauncher<Spec>) {
    this.#launcher = launcher;
  }

  /** Launches `specs` now; one that cannot be started is its service's failure, not this call's. */
  async ahead(...specs: readonly Spec[]): Promise<void> {
    for (const spec of specs) this.#ahead.set(spec, this.#launcher.launch(spec));
    await Promise.allSettled(this.#ahead.values());
  }

  /** Hands over the process that was launched ahead, once; else launches one. */
  launch(spec: Spec): Promise<LaunchedProcess> {
    const ahead = this.#ahead.get(spec);
    this.#ahead.delete(spec);
    return ahead ?? this.#launcher.launch(spec);
  }
}

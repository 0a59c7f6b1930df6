/**
 * The in-memory world that tests of controllers live in.
 *
 * ```ts
 * import { type Controller, exclusive, type Kind, weak } from "$lib/cosi/mod.ts";
 * import { ControllerWorld } from "$lib/cosi/testing.ts";
 *
 * const In: Kind<{ n: number }> = { namespace: "docs", type: "Ins.docs.example.org" };
 * const Out: Kind<{ twice: number }> = { namespace: "docs", type: "Outs.docs.example.org" };
 * const doubler: Controller = {
 *   name: "docs.Doubler",
 *   inputs: [weak(In)],
 *   outputs: [exclusive(Out)],
 *   async run(rt) {
 *     for await (const pass of rt.passes()) {
 *       for (const { metadata, spec } of await pass.list(In)) {
 *         await pass.put(Out, metadata.id, { twice: spec.n * 2 });
 *       }
 *     }
 *   },
 * };
 * await using world = new ControllerWorld(doubler);
 * await world.put(In, "a", { n: 2 });
 * await world.until(Out, "a", (spec) => spec?.twice === 4);
 * ```
 *
 * @module
 */
import type { Controller } from "./controller.ts";
import { ControllerEngine, type EngineOptions } from "./engine.ts";
import type { Kind } from "./kind.ts";
import { MemoryState } from "./memory_state.ts";
import { find, until } from "./read.ts";
import { isFault } from "./state_error.ts";

const UNTIL_MS = 5_000;

/** A state with controllers running on it. */
export class ControllerWorld implements AsyncDisposable {
  readonly state: MemoryState;
  readonly engine: ControllerEngine;
  /** What the controllers logged, failures among it. */
  readonly lines: string[] = [];
  readonly #over = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    controllers: Controller | readonly Controller[],
    options: Partial<Omit<EngineOptions, "state" | "log">> = {},
  ) {
    const clock = options.clock;
    this.state = new MemoryState(clock ? { now: () => clock.now() } : {});
    this.engine = new ControllerEngine({
      outsideManagers: true,
      // A test waits for a retry, not for half a second.
      backoff: { initialMs: 10, maximumMs: 100 },
      ...options,
      state: this.state,
      log: (line) => this.lines.push(line),
    });
    const all: readonly Controller[] = "run" in controllers ? [controllers] : controllers;
    for (const controller of all) this.engine.register(controller);
    this.#running = this.engine.run(this.#over.signal);
  }

  /** Creates or updates an input. */
  async put<Spec>(kind: Kind<Spec>, id: string, spec: Spec): Promise<void> {
    try {
      await this.state.create(kind, id, spec);
    } catch (error) {
      if (!isFault(error, "conflict")) throw error;
      await this.state.update(kind, id, spec);
    }
  }

  /** Removes an input, as soon as nothing holds it. */
  async remove(kind: Kind, id: string): Promise<void> {
    if (!await this.state.teardown(kind, id)) {
      const signal = AbortSignal.timeout(UNTIL_MS);
      for await (const { resource } of this.state.watch(kind, { id, signal })) {
        if (resource.metadata.finalizers.length === 0) break;
      }
    }
    await this.state.destroy(kind, id);
  }

  /** The spec of a resource as it is now. */
  find<Spec>(kind: Kind<Spec>, id: string): Promise<Spec | undefined> {
    return find(this.state, kind, id);
  }

  /** Waits, 5 s at most, until `holds` is true of the spec, and gives that spec. */
  async until<Spec>(
    kind: Kind<Spec>,
    id: string,
    holds: (spec: Spec | undefined) => boolean = (spec) => spec !== undefined,
  ): Promise<Spec | undefined> {
    try {
      return await until(this.state, kind, id, AbortSignal.timeout(UNTIL_MS), holds);
    } catch (cause) {
      const last = JSON.stringify(await this.find(kind, id));
      const log = this.lines.slice(-5).join("\n");
      throw new Error(`Cannot wait for ${kind.type} "${id}": it is ${last}\n${log}`, { cause });
    }
  }

  /** Waits until no controller has anything to do. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 3;) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      quiet = this.engine.idle ? quiet + 1 : 0;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#running;
  }
}

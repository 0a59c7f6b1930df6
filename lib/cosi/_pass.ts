import { checkHold, checkRead, checkWrite } from "./access.ts";
import type { Controller, Pass } from "./controller.ts";
import { type Kind, kindKey } from "./kind.ts";
import type { Resource } from "./resource.ts";
import type { State } from "./state.ts";
import { isFault, StateError } from "./state_error.ts";

/** A pass over a state, good until it is closed. */
export class StatePass implements Pass {
  readonly #put = new Set<string>();
  #keep = false;
  #open = true;
  #againMs = Infinity;

  constructor(readonly controller: Controller, readonly state: State) {}

  /** Milliseconds after which the controller asked for another pass; Infinity when it did not. */
  get againMs(): number {
    return this.#againMs;
  }

  /** Ends the pass: whatever still works with it is refused from now on. */
  close(): void {
    this.#open = false;
  }

  async find<Spec>(kind: Kind<Spec>, id: string): Promise<Spec | undefined> {
    const resource = await this.resource(kind, id);
    return resource?.metadata.phase === "running" ? resource.spec : undefined;
  }

  async resource<Spec>(kind: Kind<Spec>, id: string): Promise<Resource<Spec> | undefined> {
    this.#check();
    checkRead(this.controller, kind, id);
    return await this.state.resource(kind, id);
  }

  async list<Spec>(kind: Kind<Spec>): Promise<Resource<Spec>[]> {
    this.#check();
    checkRead(this.controller, kind);
    return await this.state.list(kind);
  }

  async put<Spec>(kind: Kind<Spec>, id: string, spec: Spec): Promise<void> {
    this.#check();
    checkWrite(this.controller, kind, id);
    this.#put.add(`${kindKey(kind)}/${id}`);
    const owner = { owner: this.controller.name };
    const current = await this.state.resource(kind, id);
    this.#check();
    if (current?.metadata.phase === "running") {
      await this.state.update(kind, id, spec, owner);
      return;
    }
    if (current) {
      // Others still hold the former one. The runtime wakes the controller when they let go.
      if (current.metadata.finalizers.length > 0) return;
      await this.state.destroy(kind, id, owner);
      this.#check();
    }
    await this.state.create(kind, id, spec, owner);
  }

  async drop(kind: Kind, id: string): Promise<void> {
    this.#check();
    checkWrite(this.controller, kind, id);
    this.#put.delete(`${kindKey(kind)}/${id}`);
    await this.#drop(kind, id);
  }

  keep(): void {
    this.#keep = true;
  }

  again(ms: number): void {
    this.#againMs = Math.min(this.#againMs, Math.max(0, ms));
  }

  async addFinalizer(kind: Kind, id: string, finalizer = this.controller.name): Promise<void> {
    this.#check();
    checkHold(this.controller, kind, id);
    await this.state.addFinalizer(kind, id, finalizer);
  }

  async removeFinalizer(kind: Kind, id: string, finalizer = this.controller.name): Promise<void> {
    this.#check();
    checkHold(this.controller, kind, id);
    await this.state.removeFinalizer(kind, id, finalizer);
  }

  /** Drops the controller's outputs that were not put. */
  async finish(): Promise<void> {
    if (this.#keep) return;
    for (const { kind } of this.controller.outputs) {
      for (const { metadata } of await this.state.list(kind)) {
        if (metadata.owner !== this.controller.name) continue;
        if (!this.#put.has(`${kindKey(kind)}/${metadata.id}`)) await this.#drop(kind, metadata.id);
      }
    }
  }

  /** Destroys at once what nobody holds: watchers then see no tearing down before it. */
  async #drop(kind: Kind, id: string): Promise<void> {
    const owner = { owner: this.controller.name };
    try {
      this.#check();
      await this.state.destroy(kind, id, owner);
    } catch (error) {
      if (isFault(error, "notFound")) return;
      if (!isFault(error, "conflict")) throw error;
      this.#check();
      await this.state.teardown(kind, id, owner);
    }
  }

  #check(): void {
    if (this.#open) return;
    throw new StateError("refused", `Cannot go on in "${this.controller.name}": the pass is over`);
  }
}

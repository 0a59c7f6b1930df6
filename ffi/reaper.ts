/**
 * Buries orphans: children of PID 1 that nobody else waits for.
 *
 * @module
 */
import { findExited } from "./process.ts";

/**
 * Reaps children that are not in `own`: those are waited for elsewhere, by the runtime or by a
 * launched process. Add a pid in the same step as its spawn, or hold() the reaper meanwhile.
 */
export class Reaper {
  readonly own: Set<number>;
  #holds = 0;

  constructor(own: Set<number> = new Set()) {
    this.own = own;
  }

  /**
   * Reaps every orphan that has ended and gives how many. Call it on SIGCHLD and by a slow timer: a
   * child of ours that ended but was not yet waited for hides those behind it.
   */
  reap(): number {
    let count = 0;
    while (this.#holds === 0) {
      const child = findExited({ keep: true });
      if (child === undefined || this.own.has(child.pid)) break;
      findExited({ pid: child.pid });
      count++;
    }
    return count;
  }

  /** Keeps reap() from taking anyone until disposed: for a child whose pid is not known yet. */
  hold(): Disposable {
    this.#holds++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#holds--;
        held = false;
      },
    };
  }
}

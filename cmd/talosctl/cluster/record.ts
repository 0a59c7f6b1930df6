import type { Host } from "../host.ts";
import type { ProcessMark } from "./process.ts";
import { type ClusterState, saveState } from "./state.ts";

/** The state of a cluster that is being made, saved with each change, so that destroy finds all of it. */
export class StateRecord {
  private constructor(
    readonly host: Host,
    readonly directory: string,
    public state: ClusterState,
  ) {}

  static async begin(host: Host, directory: string, state: ClusterState): Promise<StateRecord> {
    const record = new StateRecord(host, directory, state);
    await record.add({});
    return record;
  }

  async add(more: Partial<ClusterState>): Promise<void> {
    this.state = { ...this.state, ...more };
    await saveState(this.host.files, this.directory, this.state);
  }

  async started(mark: ProcessMark): Promise<ProcessMark> {
    await this.add({ processes: [...this.state.processes, mark] });
    return mark;
  }
}

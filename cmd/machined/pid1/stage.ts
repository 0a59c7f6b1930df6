/** In which part of its life the machine is, in words for a person. */
import type { SequenceReport } from "../sequences/engine.ts";

/** Follows the sequencer's reports. */
export class Stage {
  /** What the machine does right now. */
  name = "starting";
  /** Why the last sequence failed, if one did. */
  lastError: string | undefined;

  /** Takes one report. */
  follow(report: SequenceReport): void {
    if (report.action === "START") this.name = `${report.kind} ${report.name}`;
    if (report.kind !== "sequence" || report.action !== "STOP") return;
    if (report.error) {
      this.name = `${report.name} failed`;
      this.lastError = report.error.message;
    } else this.name = report.name === "boot" ? "running" : `${report.name} done`;
  }
}

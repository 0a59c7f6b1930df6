/** The start or the end of a sequence, in the order of a node's events. */
export interface SequenceMark {
  readonly sequence: string;
  readonly action: "start" | "stop";
}

/**
 * Whether a node has booted, by the marks its event log still holds: a log that has forgotten the
 * boot is that of a node which booted long ago.
 */
export function bootFinished(marks: readonly SequenceMark[]): boolean {
  const boot = marks.findLast(({ sequence }) => sequence === "boot");
  if (boot) return boot.action === "stop";
  return !marks.some(({ sequence }) => sequence === "initialize" || sequence === "install");
}

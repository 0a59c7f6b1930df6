/** A failure of one node in a call to many. */
export interface NodeFailure {
  readonly node: string;
  readonly reason: string;
}

/** Failures of several nodes as one error, one line a node. */
export class NodesError extends Error {
  override readonly name = "NodesError";
  constructor(readonly failures: readonly NodeFailure[]) {
    super(multierror(failures.map(({ node, reason }) => `${node}: ${reason}`)));
  }
}

/** Several errors as one text: a count, then one line each. */
export function multierror(lines: readonly string[]): string {
  const count = lines.length === 1 ? "1 error" : `${lines.length} errors`;
  return `${count} occurred:\n${lines.map((line) => `\t* ${line}`).join("\n")}`;
}

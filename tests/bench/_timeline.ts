/** What ends each stretch of a boot, in order, as it shows on the console. */
const ENDS = [
  ["kernel", /Run \/init as init process/],
  ["early stage", /\[talos\] image /],
  ["machined", /\[talos\] initialize sequence: \d+ phase/],
  ["network", /service\[networkd\]\(Running\): Health check successful/],
  ["configuration", /\[talos\] task loadConfig .*: done/],
  ["certificate", /\[talos\] API certificate issued/],
] as const;

/** Seconds of guest time that each stretch of a boot took, from the console's time stamps. */
export function stretches(console: string): Record<string, number> {
  const taken: Record<string, number> = {};
  let from = 0;
  for (const [name, end] of ENDS) {
    const line = console.split("\n").find((text) => end.test(text));
    const at = Number(/^\[\s*(\d+\.\d+)\]/.exec(line ?? "")?.[1]);
    if (Number.isNaN(at)) continue;
    taken[name] = Math.round((at - from) * 10) / 10;
    from = at;
  }
  return taken;
}

/** The kernel's arguments, as the console shows them. */
export function commandLine(console: string): string {
  const line = /Command line: (.*?)\r?\n/.exec(console)?.[1];
  if (line === undefined) throw new Error("Cannot compare: the console shows no command line");
  return line;
}

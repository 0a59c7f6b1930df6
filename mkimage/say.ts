/** Prints each step with the seconds since the start. */
export function progress(): (line: string) => void {
  const start = performance.now();
  return (line) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6);
    Deno.stderr.writeSync(new TextEncoder().encode(`${seconds} s  ${line}\n`));
  };
}

/** Prints what was asked for. */
export function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
}

/** A flag's name in `extraArgs`, where 0.9 shows both `feature-gates` and `--feature-gates`. */
export function flagName(written: string): string {
  return written.replace(/^--?/, "");
}

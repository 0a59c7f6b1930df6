/** The benchmarks among the files of a folder: what is neither private, nor a test, nor what runs them. */
export function benchmarkNames(files: readonly string[]): string[] {
  return files
    .filter((name) => name.endsWith(".ts") && !name.startsWith("_") && !name.endsWith("_test.ts"))
    .filter((name) => name !== "main.ts")
    .map((name) => name.slice(0, -".ts".length))
    .sort();
}

/** A benchmark's JSON line with its name in front; nothing where the line is not a JSON object. */
export function labelled(name: string, line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return JSON.stringify({ bench: name, ...value });
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

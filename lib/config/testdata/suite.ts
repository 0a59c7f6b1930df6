import { parseConfig, type ParsedConfig } from "../parse.ts";
import { formatPath } from "../finding.ts";
import { IMAGES } from "../generate/images.ts";
import type { Mode } from "../validate/rule.ts";
import { validateConfig, type Verdict } from "../validate/validate.ts";

/** A configuration file of the suite, read and validated as its `# mode:` line says. */
export interface SuiteFile {
  readonly name: string;
  readonly text: string;
  readonly parsed: ParsedConfig;
  readonly verdict: Verdict;
  /** What it is expected to be reported for; none where there is no file for it. */
  readonly expected: string;
  readonly report: string;
}

/** The configuration files of one folder of the suite. */
export async function suiteFiles(folder: "valid" | "invalid"): Promise<SuiteFile[]> {
  const directory = new URL(`./${folder}/`, import.meta.url);
  const files: SuiteFile[] = [];
  for await (const { name } of Deno.readDir(directory)) {
    if (!name.endsWith(".yaml")) continue;
    const bytes = await Deno.readFile(new URL(name, directory));
    const text = new TextDecoder().decode(bytes);
    const options = /^# mode: (\w+)(.*)$/m.exec(text) ?? ["", "container", ""];
    const parsed = parseConfig(bytes);
    const verdict = validateConfig(parsed, {
      mode: (options[1] ?? "container") as Mode,
      apply: options[2]?.includes("apply") ?? false,
      strict: options[2]?.includes("strict") ?? false,
      diskExists: (device) => device.startsWith("/dev/"),
    });
    const beside = new URL(name.replace(/\.yaml$/, ".txt"), directory);
    const expected = await Deno.readTextFile(beside).catch(() => "");
    files.push({ name, text, parsed, verdict, expected, report: report(verdict) });
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A verdict as the files beside the suite's hold it: kind, place, path and message. */
function report({ errors, warnings }: Verdict): string {
  const line = (kind: string) => (finding: Verdict["errors"][number]) => {
    const place = finding.line === undefined ? "-" : `${finding.line}:${finding.column}`;
    return `${kind} ${place} ${formatPath(finding.path) || "-"}\n    ${finding.message}\n`;
  };
  const text = [...errors.map(line("error")), ...warnings.map(line("warning"))].join("");
  return text.replaceAll(IMAGES.installer, "<installer>");
}

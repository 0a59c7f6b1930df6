import { join } from "node:path";
import { type Archive, Vanished } from "./fetch.ts";
import type { Locked } from "./lock.ts";
import { ProgramError, run } from "./run.ts";

/**
 * Debian's archive through apt, with the sources of this host. The host's own package lists are tried
 * first; when they are stale or missing, fresh ones are kept under the cache, so nothing of the host
 * changes and no root is needed.
 */
export class DebianArchive implements Archive {
  readonly name = "debian";
  #options: string[];
  #ownLists: boolean;

  constructor(readonly directory: string) {
    this.#options = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3"];
    this.#ownLists = false;
  }

  async download(name: string, version: string, directory: string): Promise<string> {
    const get = () =>
      run("apt-get", [...this.#options, "download", `${name}=${version}`], {
        cwd: directory,
      });
    try {
      await get().catch(async (error) => {
        if (!(error instanceof ProgramError) || this.#ownLists) throw error;
        await this.refresh();
        await get();
      });
    } catch (cause) {
      throw isMissing(cause) ? new Vanished(name, version, { cause }) : cause;
    }
    const files = [...Deno.readDirSync(directory)].filter((file) => file.name.endsWith(".deb"));
    if (!files[0]) throw new Error(`Cannot fetch ${name} ${version}: apt-get left no file`);
    return files[0].name;
  }

  /** Fetches fresh package lists into the cache; later calls use them. */
  async refresh(): Promise<void> {
    const lists = join(this.directory, "apt", "lists");
    const cache = join(this.directory, "apt", "cache");
    await Deno.mkdir(join(lists, "partial"), { recursive: true });
    await Deno.mkdir(join(cache, "archives", "partial"), { recursive: true });
    this.#options.push("-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${cache}`);
    this.#ownLists = true;
    await run("apt-get", [...this.#options, "update"]);
  }

  /** Version and hash of the newest `name`, and what it depends on. */
  async newest(name: string): Promise<Locked & { depends: string[] }> {
    const text = await run("apt-cache", [
      ...this.#options,
      "--no-all-versions",
      "show",
      name,
    ]);
    return parseStanza(name, text);
  }
}

/** The fields of one stanza of apt's package lists. @throws {Error} when version or hash is missing. */
export function parseStanza(name: string, text: string): Locked & { depends: string[] } {
  const field = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1];
  const version = field("Version");
  const sha256 = field("SHA256");
  if (!version || !sha256) throw new Error(`Cannot resolve ${name}: apt knows no version of it`);
  const depends = (field("Depends") ?? "").split(",")
    .map((entry) => entry.trim().split(/[ (]/)[0] ?? "")
    .filter((entry) => entry !== "");
  return { version, sha256, depends };
}

function isMissing(error: unknown): boolean {
  return error instanceof ProgramError &&
    /was not found|Unable to locate|404 +Not Found|Can't find a source/.test(error.stderr);
}

import { dirname, join } from "node:path";

/** A directory tree that becomes a file system: every mode is set, whatever the builder's umask. */
export class Tree {
  constructor(readonly root: string) {}

  /** The path on this host of a path in the tree. */
  host(path: string): string {
    return join(this.root, path);
  }

  /** Makes a directory, and those above it that are not there yet. */
  async directory(path: string, mode = 0o755): Promise<void> {
    if (path !== "/" && !await this.#has(dirname(path))) await this.directory(dirname(path));
    await Deno.mkdir(this.host(path), { recursive: true });
    await Deno.chmod(this.host(path), mode);
  }

  async #has(path: string): Promise<boolean> {
    return await Deno.lstat(this.host(path)).then(() => true, () => false);
  }

  async write(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    await this.directory(dirname(path));
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(this.host(path), bytes);
    await Deno.chmod(this.host(path), mode);
  }

  /** Copies a file; a symlink is followed. */
  async copy(from: string, path: string, mode = 0o644): Promise<void> {
    await this.directory(dirname(path));
    await Deno.copyFile(from, this.host(path));
    await Deno.chmod(this.host(path), mode);
  }

  async symlink(path: string, target: string): Promise<void> {
    await this.directory(dirname(path));
    await Deno.symlink(target, this.host(path));
  }
}

/** One entry of a tree, by its path from the root. */
export interface TreeEntry {
  readonly path: string;
  readonly info: Deno.FileInfo;
}

/** Every entry below `root` in byte order of the paths, directories before what is in them. */
export async function walkTree(root: string): Promise<TreeEntry[]> {
  const found: TreeEntry[] = [];
  const walk = async (below: string): Promise<void> => {
    for await (const { name } of Deno.readDir(join(root, below))) {
      const path = `${below}/${name}`;
      const info = await Deno.lstat(join(root, path));
      found.push({ path, info });
      if (info.isDirectory) await walk(path);
    }
  };
  await walk("");
  return found.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

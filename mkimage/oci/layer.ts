import { packTar, type TarEntry } from "modern-tar";
import { join } from "node:path";
import { type Tree, walkTree } from "../tree.ts";

/** A tree as an uncompressed tar: owned by root, without times, so equal trees give equal bytes. */
export async function tarLayer(tree: Tree): Promise<Uint8Array<ArrayBuffer>> {
  const entries: TarEntry[] = [];
  for (const { path, info } of await walkTree(tree.root)) {
    const header = { name: path.slice(1), mode: (info.mode ?? 0) & 0o7777, uid: 0, gid: 0 };
    const times = { mtime: new Date(0) };
    if (info.isSymlink) {
      const linkname = await Deno.readLink(join(tree.root, path));
      entries.push({ header: { ...header, ...times, type: "symlink", linkname, size: 0 } });
    } else if (info.isDirectory) {
      const name = `${header.name}/`;
      entries.push({ header: { ...header, ...times, name, type: "directory", size: 0 } });
    } else {
      const body = await Deno.readFile(join(tree.root, path));
      entries.push({ header: { ...header, ...times, type: "file", size: body.length }, body });
    }
  }
  return await packTar(entries);
}

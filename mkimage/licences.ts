import { join } from "node:path";
import type { BuiltComponent } from "./components/build.ts";
import type { Find } from "./debian_programs.ts";
import { type Tree, walkTree } from "./tree.ts";

/** Puts the licences of all that is linked into a component's programs into a tree. */
export async function layOutGoLicences(tree: Tree, { directory }: BuiltComponent): Promise<void> {
  const licences = join(directory, "licences");
  for (const { path, info } of await walkTree(licences)) {
    if (info.isFile) await tree.copy(join(licences, path), `/usr/share/doc/go${path}`);
  }
}

/** The licence file of a Debian package; its documentation may be a symlink to another package's. */
export async function licenceOf(find: Find, name: string): Promise<string> {
  const documentation = join(find(name).directory, "usr/share/doc", name);
  const { isSymlink } = await Deno.lstat(documentation);
  if (isSymlink) return await licenceOf(find, await Deno.readLink(documentation));
  return join(documentation, "copyright");
}

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

/** The licence of the runtime, whose npm package carries none of its own. */
export const DENO_LICENCE = `MIT License

Copyright 2018-2026 the Deno authors

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;

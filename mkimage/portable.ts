import { join } from "node:path";
import { sha256 } from "./hash.ts";
import { run } from "./run.ts";
import { concat } from "./verity.ts";

/** A program for the portable layout. */
export interface PortableProgram {
  /** Name of the command, `talosctl`. */
  readonly name: string;
  readonly tag: string;
  /** The runtime's executable on this host. */
  readonly runtime: string;
  /** The bundle on this host. */
  readonly bundle: string;
}

/** Options of the runtime for a program that a person runs: nothing fetched, nothing asked. */
export const CLIENT_FLAGS: readonly string[] = [
  ...["run", "--allow-all", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote"],
  ...["--no-npm", "--cached-only"],
];

/**
 * One file that is the program: a POSIX shell header over a tar.gz of runtime and bundle. The first run
 * unpacks them into the user's cache, under a name that is their hash; later runs only look there.
 */
export async function portableFile(program: PortableProgram): Promise<Uint8Array<ArrayBuffer>> {
  const payload = await pack(program);
  const text = header(program, sha256(payload).slice(0, 24));
  return concat([new TextEncoder().encode(text), payload]);
}

async function pack({ name, runtime, bundle }: PortableProgram): Promise<Uint8Array<ArrayBuffer>> {
  const work = await Deno.makeTempDir({ prefix: "mkimage-portable-" });
  try {
    const tar = join(work, "payload.tar");
    await Deno.copyFile(runtime, join(work, "deno"));
    await Deno.copyFile(bundle, join(work, `${name}.js`));
    await Deno.chmod(join(work, "deno"), 0o700);
    await Deno.chmod(join(work, `${name}.js`), 0o600);
    // Equal inputs give equal bytes: no names, no times, a fixed order.
    await run("tar", [
      ...["--create", "--format=ustar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0"],
      ...["--numeric-owner", "--file", tar, "--directory", work, "deno", `${name}.js`],
    ]);
    await run("gzip", ["-9", "-n", tar]);
    return await Deno.readFile(`${tar}.gz`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

function header({ name, tag }: PortableProgram, id: string): string {
  const body = (offset: number) =>
    `#!/bin/sh
# ${name} ${tag}, portable: a runtime and one program, unpacked once into the user's cache.
set -eu
fail() { echo "Cannot start ${name}: $1" >&2; exit 1; }
[ -n "\${XDG_CACHE_HOME:-}\${HOME:-}" ] || fail "neither XDG_CACHE_HOME nor HOME is set"
dir="\${XDG_CACHE_HOME:-\${HOME:-}/.cache}/${name}/${id}"
if [ ! -x "$dir/deno" ] || [ ! -r "$dir/${name}.js" ]; then
  (
    umask 077
    mkdir -p "$dir" || fail "no directory can be made at $dir"
    new="$dir/.new.$$"
    trap 'rm -rf "$new"' EXIT
    trap 'exit 1' HUP INT TERM
    mkdir "$new" || fail "$new cannot be made"
    tail -c +${
      String(offset).padStart(5, "0")
    } "$0" | tar -xzf - -C "$new" || fail "it cannot be unpacked into $dir"
    mv -f "$new/deno" "$dir/deno"
    mv -f "$new/${name}.js" "$dir/${name}.js"
  ) || exit 1
fi
[ -O "$dir/deno" ] || fail "$dir/deno belongs to someone else"
export DENO_DIR="$dir/cache" DENO_NO_UPDATE_CHECK=1
exec "$dir/deno" ${CLIENT_FLAGS.join(" ")} "$dir/${name}.js" "$@"
`;
  return body(body(0).length + 1);
}

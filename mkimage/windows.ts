import { CLIENT_FLAGS } from "./portable.ts";
import { zipArchive } from "./zip.ts";

/** Starts the runtime beside it; the cache lies under the user's own application data. */
export const WINDOWS_SCRIPT = [
  "@echo off",
  "setlocal",
  'set "DENO_DIR=%LOCALAPPDATA%\\talosctl\\cache"',
  "set DENO_NO_UPDATE_CHECK=1",
  `"%~dp0deno.exe" ${CLIENT_FLAGS.join(" ")} "%~dp0talosctl.js" %*`,
  "",
].join("\r\n");

/** talosctl for Windows: a zip of the runtime, the bundle and a command script. */
export async function windowsArchive(
  runtime: string,
  bundle: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return zipArchive([
    { name: "talosctl.cmd", content: new TextEncoder().encode(WINDOWS_SCRIPT) },
    { name: "talosctl.js", content: await Deno.readFile(bundle) },
    { name: "deno.exe", content: await Deno.readFile(runtime) },
  ]);
}

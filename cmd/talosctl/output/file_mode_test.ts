import assert from "node:assert/strict";
import { fileModeText } from "./file_mode.ts";

// The bits of Go's os.FileMode: directory 31, symlink 27, device 26, pipe 25, socket 24,
// setuid 23, character device 21, sticky 20.
for (
  const [mode, want] of [
    [0o644, "-rw-r--r--"],
    [2 ** 31 + 0o755, "drwxr-xr-x"],
    [2 ** 27 + 0o777, "Lrwxrwxrwx"],
    [2 ** 26 + 2 ** 21 + 0o600, "Dcrw-------"],
    [2 ** 31 + 2 ** 20 + 0o777, "dtrwxrwxrwx"],
    [2 ** 23 + 0o755, "urwxr-xr-x"],
    [2 ** 25 + 0o600, "prw-------"],
    [2 ** 24 + 0o700, "Srwx------"],
  ] as const
) {
  Deno.test(`fileModeText() shows ${mode.toString(8)} as ${want}`, () => {
    assert.equal(fileModeText(mode), want);
  });
}

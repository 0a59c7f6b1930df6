import assert from "node:assert/strict";
import { execve } from "./exec.ts";
import { inOwnProcess } from "./testing.ts";

Deno.test("execve() gives the new program its arguments and environment, and keeps the pid", async () => {
  const shell = `printf '{"pid":%s,"args":"%s","env":"%s"}' "$(($$ - PID))" "$*" "$GREETING"`;
  const printed = await inOwnProcess<{ args: string; env: string; pid: number }>(
    `import { execve } from "$ffi/exec.ts";
     const env = { GREETING: "hé llo", PID: String(Deno.pid) };
     execve("/bin/sh", ["sh", "-c", ${JSON.stringify(shell)}, "zero", "a b", "", "c"], env);`,
  );
  assert.deepEqual(printed, { pid: 0, args: "a b  c", env: "hé llo" });
});

Deno.test("execve() throws ENOENT and the process lives on", () => {
  assert.throws(() => execve("/nowhere", ["x"], {}), { code: "ENOENT", subject: "/nowhere" });
});

Deno.test("execve() throws EACCES for a file without the execute bit", () => {
  assert.throws(() => execve("/etc/passwd", ["x"], {}), { code: "EACCES" });
});

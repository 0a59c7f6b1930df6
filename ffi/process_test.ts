import assert from "node:assert/strict";
import { type ExitedChild, findExited, kill, openPid, PR, prctl, WAIT } from "./process.ts";
import { inOwnProcess, layoutTest } from "./testing.ts";

layoutTest("process.ts WAIT and PR", ["signal.h", "sys/wait.h", "sys/prctl.h"], {
  "sizeof(siginfo_t)": WAIT.infoSize,
  "offsetof(siginfo_t, si_code)": WAIT.code,
  "offsetof(siginfo_t, si_pid)": WAIT.pid,
  "offsetof(siginfo_t, si_status)": WAIT.status,
  "P_ALL": WAIT.P_ALL,
  "P_PID": WAIT.P_PID,
  "WNOHANG": WAIT.WNOHANG,
  "WEXITED": WAIT.WEXITED,
  "WNOWAIT": WAIT.WNOWAIT,
  "CLD_EXITED": WAIT.CLD_EXITED,
  ...Object.fromEntries(Object.entries(PR).map(([name, value]) => [`PR_${name}`, value])),
});

Deno.test("findExited() gives undefined when there is no child", async () => {
  // In a process of its own: here it would find, and take, the child of a test before.
  const found = await inOwnProcess(`import { findExited } from "$ffi/process.ts";
    const name = (found: unknown) => found === undefined ? "undefined" : JSON.stringify(found);
    console.log(JSON.stringify([name(findExited()), name(findExited({ pid: 1 }))]));`);
  assert.deepEqual(found, ["undefined", "undefined"]);
});

Deno.test("findExited() keeps a child for its owner, and kill() ends it by signal", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  assert.equal(findExited({ pid: child.pid, keep: true }), undefined);
  kill(child.pid, 9);
  // Without a turn of the event loop in between, the runtime cannot take the child first.
  let seen: ExitedChild | undefined;
  while (seen === undefined) seen = findExited({ pid: child.pid, keep: true });
  assert.deepEqual(seen, { pid: child.pid, code: 137, signal: 9 });
  assert.equal((await child.status).signal, "SIGKILL");
});

Deno.test("kill() throws ESRCH for nobody", () => {
  assert.throws(() => kill(2 ** 30, 0), { code: "ESRCH", subject: String(2 ** 30) });
});

Deno.test("prctl() reads a flag and throws EINVAL for a value that is none", () => {
  assert.equal(prctl("GET_NO_NEW_PRIVS"), 0);
  assert.throws(() => prctl("CAPBSET_READ", 1000), { code: "EINVAL", subject: "CAPBSET_READ" });
});

Deno.test("openPid() opens a living process and throws ESRCH for nobody", () => {
  using fd = openPid(Deno.pid);
  assert.ok(fd.number > 2);
  assert.throws(() => openPid(2 ** 22 + 1), { code: "ESRCH", syscall: "pidfd_open" });
});

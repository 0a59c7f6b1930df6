import assert from "node:assert/strict";
import { landlockAbi } from "./landlock.ts";
import { launch, type LaunchedProcess, type LaunchSpec } from "./launcher.ts";
import { FdPoller } from "./poller.ts";
import { Reaper } from "./reaper.ts";
import { deniedSyscalls } from "./seccomp.ts";
import { exists, lacksPath, rootTest } from "./testing.ts";

const workerUrl = new URL("./launcher_main.ts", import.meta.url);
const NOBODY = { uid: 65534, gid: 65534 };
const NONE = "0".repeat(16);
const missing = lacksPath("/bin/sh");

interface Run {
  process: LaunchedProcess;
  poller: FdPoller;
}

async function withLaunched(
  spec: Partial<LaunchSpec>,
  fn: (run: Run) => Promise<void>,
): Promise<void> {
  await using poller = new FdPoller();
  const process = await launch({ workerUrl, poller }, {
    path: "/bin/sh",
    args: [],
    env: { PATH: "/usr/bin:/bin" },
    privileges: NOBODY,
    ...spec,
  });
  try {
    await fn({ process, poller });
  } finally {
    process.kill(9);
    await process.status;
    for (const stream of [process.stdout, process.stderr]) {
      if (!stream.locked) await stream.cancel();
    }
    if (!process.stdin.locked) await process.stdin.abort();
  }
}

/** What `script` prints on stdout, and how it ends. */
async function shell(script: string, spec: Partial<LaunchSpec> = {}): Promise<[string, number]> {
  let result: [string, number] = ["", -1];
  await withLaunched({ args: ["-c", script], ...spec }, async ({ process }) => {
    const text = await new Response(process.stdout).text();
    result = [text, (await process.status).code];
  });
  return result;
}

function statusFields(text: string): Record<string, string> {
  return Object.fromEntries(
    text.trim().split("\n").map((line) => line.split(":\t")).map(([k, v]) => [k, v ?? ""]),
  );
}

function threads(): Record<string, string>[] {
  return [...Deno.readDirSync("/proc/self/task")].flatMap(({ name }) => {
    try {
      return [statusFields(Deno.readTextFileSync(`/proc/self/task/${name}/status`))];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}

rootTest("launch() starts a program with no rights but its user's", async () => {
  const [text] = await shell("cat /proc/self/status", {
    privileges: { ...NOBODY, groups: [7, 9], deniedSyscalls: deniedSyscalls() },
  });
  const status = statusFields(text);
  assert.equal(status.Uid, "65534\t65534\t65534\t65534");
  assert.equal(status.Gid, "65534\t65534\t65534\t65534");
  assert.equal(status.Groups?.trim(), "7 9");
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    assert.equal(status[set], NONE, set);
  }
  assert.equal(status.NoNewPrivs, "1");
  assert.equal(status.Seccomp, "2");
  assert.equal(status.SigIgn, NONE);
  assert.equal(status.SigBlk, NONE);
}, missing);

rootTest("launch() leaves this process and later Workers as they are", async () => {
  const before = statusFields(await Deno.readTextFile("/proc/self/status"));
  await shell("true", { privileges: { ...NOBODY, deniedSyscalls: deniedSyscalls() } });
  const after = statusFields(await Deno.readTextFile("/proc/self/status"));
  for (const name of ["Uid", "Groups", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"]) {
    assert.equal(after[name], before[name], name);
  }
  for (const thread of threads()) {
    // The Worker's own thread may be on its way out.
    if (thread.State?.startsWith("X") || thread.Name?.startsWith("worker")) continue;
    assert.equal(thread.Uid, before.Uid, thread.Name);
    assert.equal(thread.Seccomp, before.Seccomp, thread.Name);
  }
}, missing);

rootTest("launch() keeps the named capabilities for a user who is not root", async () => {
  const [text] = await shell("cat /proc/self/status", {
    privileges: { ...NOBODY, keepCapabilities: ["NET_ADMIN", "NET_RAW"] },
  });
  const status = statusFields(text);
  const mask = ((1 << 12) | (1 << 13)).toString(16).padStart(16, "0");
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    assert.equal(status[set], mask, set);
  }
}, missing);

rootTest("launch() as root gives no more than the bounding set", async () => {
  const [text] = await shell("cat /proc/self/status", {
    privileges: { uid: 0, gid: 0, keepCapabilities: ["SYS_TIME"] },
  });
  const mask = (1 << 25).toString(16).padStart(16, "0");
  assert.equal(statusFields(text).CapEff, mask);
}, missing);

rootTest("launch() refuses denied calls and lets the others through", async () => {
  const script = "unshare --user true 2>/dev/null; echo $?";
  const denied = { ...NOBODY, deniedSyscalls: deniedSyscalls() };
  assert.deepEqual(await shell(script, { privileges: denied }), ["1\n", 0]);
  const allowed = { ...NOBODY, deniedSyscalls: deniedSyscalls(["unshare"]) };
  assert.deepEqual(await shell(script, { privileges: allowed }), ["0\n", 0]);
}, missing ?? lacksPath("/usr/bin/unshare"));

rootTest("launch() with landlock leaves the named files alone reachable", async () => {
  const dir = await Deno.makeTempDir({ prefix: "landlock-" });
  try {
    await Deno.chmod(dir, 0o755);
    for (const name of ["read", "write", "other"]) {
      await Deno.mkdir(`${dir}/${name}`);
      await Deno.writeTextFile(`${dir}/${name}/file`, name);
      await Deno.chmod(`${dir}/${name}`, 0o777);
      await Deno.chmod(`${dir}/${name}/file`, 0o666);
    }
    const system = ["/bin", "/usr", "/lib", "/lib64"].filter(exists);
    const [text] = await shell(
      `cd ${dir}; try() { (eval "$1") 2>/dev/null && echo yes || echo no; }
       try "cat read/file >&2"; try "echo x > read/file"; try "cat write/file >&2";
       try "echo x > write/new"; try "cat other/file >&2"; try "ls other >&2"`,
      {
        privileges: {
          ...NOBODY,
          landlock: {
            read: [`${dir}/read`],
            execute: system,
            write: [`${dir}/write`, "/dev/null"],
          },
        },
      },
    );
    assert.deepEqual(text.trim().split("\n"), ["yes", "no", "yes", "yes", "no", "no"]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}, missing ?? (landlockAbi() === 0 && "this kernel has no Landlock"));

rootTest("launch() with landlock refuses to run what is only readable", async () => {
  const spec = {
    privileges: { ...NOBODY, landlock: { read: ["/"], execute: [], write: [] } },
  };
  await assert.rejects(shell("true", spec), { code: "EACCES", subject: "/bin/sh" });
}, missing ?? (landlockAbi() === 0 && "this kernel has no Landlock"));

rootTest("LaunchedProcess carries lines both ways until stdin ends", () =>
  withLaunched(
    { args: ["-c", `while read line; do echo "got $line"; echo "log $line" >&2; done; exit 5`] },
    async ({ process }) => {
      const writer = process.stdin.getWriter();
      const [out, err] = [process.stdout.getReader(), process.stderr.getReader()];
      const decoder = new TextDecoder();
      for (const line of ["one", "two"]) {
        await writer.write(new TextEncoder().encode(`${line}\n`));
        assert.equal(decoder.decode((await out.read()).value), `got ${line}\n`);
        assert.equal(decoder.decode((await err.read()).value), `log ${line}\n`);
      }
      await writer.close();
      assert.equal((await out.read()).done, true);
      assert.equal((await err.read()).done, true);
      assert.deepEqual(await process.status, { code: 5 });
      assert.equal(process.kill(15), false);
    },
  ), missing);

rootTest(
  "LaunchedProcess passes more bytes than a pipe holds",
  () =>
    withLaunched({ path: "/bin/cat", args: [] }, async ({ process }) => {
      const sent = crypto.getRandomValues(new Uint8Array(65536));
      const writing = (async () => {
        const writer = process.stdin.getWriter();
        for (let i = 0; i < 32; i++) await writer.write(sent);
        await writer.close();
      })();
      const bytes = await new Response(process.stdout).bytes();
      await writing;
      assert.equal(bytes.length, 32 * 65536);
      assert.deepEqual(bytes.subarray(-65536), sent);
    }),
  lacksPath("/bin/cat"),
);

rootTest(
  "LaunchedProcess.stdin fails with EPIPE once nobody reads",
  () =>
    withLaunched({ args: ["-c", "exit 0"] }, async ({ process }) => {
      await process.status;
      const writer = process.stdin.getWriter();
      await assert.rejects(writer.write(new Uint8Array([1])), { code: "EPIPE" });
      writer.releaseLock();
    }),
  missing,
);

rootTest(
  "LaunchedProcess.status tells the signal that ended it",
  () =>
    withLaunched({ args: ["-c", "sleep 60"] }, async ({ process }) => {
      assert.equal(process.kill(15), true);
      assert.deepEqual(await process.status, { code: 143, signal: 15 });
    }),
  missing,
);

rootTest(
  "launch() gives the program its three descriptors alone, and no other variables",
  async () => {
    const [text] = await shell("ls /proc/self/fd | wc -w; env | grep -c . ; pwd", {
      env: { ONLY: "this", PATH: "/usr/bin:/bin" },
      cwd: "/usr",
    });
    // ls itself opens the fourth; the shell adds PWD (and its own _ in some) to the environment.
    const [fds, variables, cwd] = text.trim().split("\n");
    assert.equal(fds, "4");
    assert.ok(Number(variables) <= 4);
    assert.equal(cwd, "/usr");
  },
  missing,
);

rootTest("launch() sets limits and the OOM score", async () => {
  const [text] = await shell("sleep 0.2; ulimit -n; cat /proc/self/oom_score_adj", {
    // Some hosts keep CAP_SYS_RESOURCE from root; for one's own uid and upwards it is not asked.
    privileges: { uid: 0, gid: 0 },
    rlimits: { NOFILE: { soft: 77, hard: 77 } },
    oomScoreAdj: 500,
  });
  assert.equal(text, "77\n500\n");
}, missing);

rootTest("launch() throws the call that failed, and starts nothing", async () => {
  await assert.rejects(shell("true", { path: "/nowhere" }), {
    name: "SyscallError",
    code: "ENOENT",
    subject: "/nowhere",
  });
  const landlock = { read: ["/nowhere"], execute: [], write: [] };
  if (landlockAbi() > 0) {
    const failing = shell("true", { privileges: { ...NOBODY, landlock } });
    await assert.rejects(failing, { code: "ENOENT", subject: "/nowhere" });
  }
}, missing);

rootTest("launch() kills the program when its bounds cannot be set", async () => {
  const dir = await Deno.makeTempDir();
  const started = shell(`sleep 0.3; echo > ${dir}/ran`, { cgroup: `${dir}/none` });
  await assert.rejects(started, { code: "ENOENT" });
  await new Promise((resume) => setTimeout(resume, 500));
  assert.ok(!exists(`${dir}/ran`));
  await Deno.remove(dir, { recursive: true });
}, missing);

rootTest("launch() rejects when its Worker cannot start", async () => {
  await using poller = new FdPoller();
  const context = { workerUrl: new URL("./none.ts", import.meta.url), poller };
  const spec = { path: "/bin/sh", args: [], env: {}, privileges: NOBODY };
  await assert.rejects(launch(context, spec), /Cannot launch/);
});

rootTest("launch() keeps the reaper from burying a program that ends at once", async () => {
  await using poller = new FdPoller();
  const reaper = new Reaper();
  const timer = setInterval(() => reaper.reap(), 1);
  try {
    const codes = [];
    for (let i = 0; i < 10; i++) {
      const spec = { path: "/bin/sh", args: ["-c", "exit 4"], env: {}, privileges: NOBODY };
      const process = await launch({ workerUrl, poller, reaper }, spec);
      codes.push((await process.status).code);
      await Promise.all([process.stdout.cancel(), process.stderr.cancel(), process.stdin.abort()]);
    }
    assert.deepEqual(codes, Array(10).fill(4));
    assert.equal(reaper.own.size, 0);
  } finally {
    clearInterval(timer);
  }
}, missing);

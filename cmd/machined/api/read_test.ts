import assert from "node:assert/strict";
import net from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { BlockingCalls } from "./files/blocking.ts";
import { readApi } from "./read.ts";
import { clientOf, collect, scratch } from "./testing.ts";

const linux = { ignore: Deno.build.os !== "linux" };
const calls = new BlockingCalls();
const client = clientOf(readApi({ calls }));
const read = (path: string) => collect(client.read({ path }));

function refuses(path: string, code: Code, message: RegExp): Promise<void> {
  return assert.rejects(read(path), (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(Code[error.code], Code[code], error.message);
    assert.match(error.rawMessage, message);
    return true;
  });
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

Deno.test(
  "readApi() streams a file of many chunks unchanged, and an empty one",
  linux,
  async () => {
    await using dir = await scratch();
    const content = crypto.getRandomValues(new Uint8Array(60_000));
    const large = new Uint8Array(600_000).map((_, i) => content[i % 60_000]!);
    await Deno.writeFile(`${dir.path}/large`, large);
    await Deno.writeFile(`${dir.path}/empty`, new Uint8Array());
    assert.deepEqual((await read(`${dir.path}/large`)).bytes, large);
    assert.equal((await read(`${dir.path}/empty`)).bytes.length, 0);
  },
);

Deno.test("readApi() reads files of proc and sysfs whose size says nothing", linux, async () => {
  assert.equal((await read("/proc/1/comm")).text, await Deno.readTextFile("/proc/1/comm"));
  assert.match((await read("/proc/self/status")).text, /^Name:/);
  assert.match((await read("/sys/kernel/mm/transparent_hugepage/enabled")).text, /never/);
});

Deno.test(
  "readApi() follows links, also with .. in the path, and refuses what they lead to",
  linux,
  async () => {
    await using dir = await scratch();
    await Deno.writeTextFile(`${dir.path}/file`, "content");
    await Deno.symlink("file", `${dir.path}/link`);
    await Deno.symlink("/dev/zero", `${dir.path}/zero`);
    await Deno.symlink("/proc/kmsg", `${dir.path}/kmsg`);
    await Deno.symlink("loop", `${dir.path}/loop`);
    assert.equal((await read(`${dir.path}/link`)).text, "content");
    assert.equal((await read(`${dir.path}/sub/../link`)).text, "content");
    assert.equal((await read(`/proc/self/root${dir.path}/link`)).text, "content");
    await refuses(`${dir.path}/zero`, Code.InvalidArgument, /is a device, not a regular file/);
    await refuses(`${dir.path}/kmsg`, Code.InvalidArgument, /kmsg of proc is not readable/);
    await refuses(`${dir.path}/loop`, Code.InvalidArgument, /too many symbolic links/);
  },
);

Deno.test(
  "readApi() refuses a FIFO, a socket, a device and a directory without hanging",
  linux,
  async () => {
    await using dir = await scratch();
    await run("mkfifo", `${dir.path}/fifo`);
    await refuses(`${dir.path}/fifo`, Code.InvalidArgument, /is a named pipe, not a regular file/);
    const server = net.createServer().listen(`${dir.path}/socket`);
    await new Promise((resolve) => server.once("listening", resolve));
    await refuses(`${dir.path}/socket`, Code.InvalidArgument, /is a socket/);
    await new Promise((resolve) => server.close(resolve));
    await refuses("/dev/null", Code.InvalidArgument, /is a device/);
    await refuses(dir.path, Code.InvalidArgument, /is a directory/);
  },
);

for (
  const path of [
    "/proc/kmsg",
    "/proc/kcore",
    "/proc/self/mem",
    "/proc/1/mem",
    `/proc/${Deno.pid}/task/${Deno.pid}/mem`,
    "/proc/thread-self/mem",
    "/proc/self/pagemap",
    "/proc/self/root/proc/kmsg",
    "/proc/../proc//self/./mem",
  ]
) {
  Deno.test(`readApi() refuses ${path} by name`, linux, async () => {
    if (path === "/proc/kcore" && !await Deno.stat(path).catch(() => undefined)) return;
    await refuses(path, Code.InvalidArgument, /of proc is not readable through the API/);
  });
}

Deno.test("readApi() refuses tracefs wherever it is mounted", {
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
}, async () => {
  await using dir = await scratch();
  await run("mount", "-t", "tracefs", "tracefs", dir.path);
  try {
    for (const name of ["trace_pipe", "trace"]) {
      await refuses(
        `${dir.path}/${name}`,
        Code.InvalidArgument,
        /files of tracefs are not readable/,
      );
    }
  } finally {
    await run("umount", dir.path);
  }
});

Deno.test("readApi() refuses proc under another name, bind mounts of a part included", {
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
}, async () => {
  await using dir = await scratch();
  await Deno.mkdir(`${dir.path}/proc`);
  await Deno.writeTextFile(`${dir.path}/innocent`, "");
  await run("mount", "-t", "proc", "proc", `${dir.path}/proc`);
  await run("mount", "--bind", "/proc/kmsg", `${dir.path}/innocent`);
  try {
    await refuses(`${dir.path}/proc/kmsg`, Code.InvalidArgument, /kmsg of proc/);
    await refuses(`${dir.path}/proc/1/mem`, Code.InvalidArgument, /mem of proc/);
    await refuses(`${dir.path}/innocent`, Code.InvalidArgument, /kmsg of proc/);
  } finally {
    await run("umount", `${dir.path}/innocent`);
    await run("umount", `${dir.path}/proc`);
  }
});

for (
  const { path, code, message } of [
    { path: "", code: Code.InvalidArgument, message: /the path must be absolute/ },
    { path: "etc/hostname", code: Code.InvalidArgument, message: /must be absolute/ },
    { path: "../etc/hostname", code: Code.InvalidArgument, message: /must be absolute/ },
    { path: "/etc/host\0name", code: Code.InvalidArgument, message: /has a zero byte/ },
    { path: "/" + "x/".repeat(2048), code: Code.InvalidArgument, message: /the path is too long/ },
    { path: "/" + "x".repeat(300), code: Code.InvalidArgument, message: /too long/ },
    { path: "/nosuch", code: Code.NotFound, message: /^Cannot read "\/nosuch": no such file or/ },
    { path: "/etc/hostname/x", code: Code.NotFound, message: /is not a directory/ },
    { path: "/proc/1/fd/nosuch", code: Code.NotFound, message: /no such file/ },
  ]
) {
  Deno.test(
    `readApi() answers ${JSON.stringify(path.slice(0, 20))} with a status that says why`,
    linux,
    () => {
      return refuses(path, code, message);
    },
  );
}

Deno.test(
  "readApi() leaves no descriptor open, whether the caller stays or goes",
  linux,
  async () => {
    await using dir = await scratch();
    await Deno.writeFile(`${dir.path}/large`, new Uint8Array(2_000_000));
    const open = () => Array.from(Deno.readDirSync("/proc/self/fd")).length;
    await read(`${dir.path}/large`);
    const before = open();
    for (let i = 0; i < 20; i++) {
      const gone = new AbortController();
      try {
        for await (const _ of client.read({ path: `${dir.path}/large` }, { signal: gone.signal })) {
          gone.abort();
        }
      } catch (error) {
        assert.equal((error as ConnectError).code, Code.Canceled);
      }
      await read(`${dir.path}/large`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(open() <= before, `${open()} open, ${before} before`);
    assert.equal(calls.running, 0);
  },
);

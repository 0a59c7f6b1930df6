import assert from "node:assert/strict";
import { inOwnProcess, lacksPath, testUnless } from "./testing.ts";

// A child subreaper inherits orphans as PID 1 does, so each script stands for PID 1.
const HEAD = `import { prctl } from "$ffi/process.ts"; import { Reaper } from "$ffi/reaper.ts";
prctl("SET_CHILD_SUBREAPER", 1);
const own = new Set<number>();
const reaper = new Reaper(own);
const sh = (script: string) => {
  const child = new Deno.Command("/bin/sh", { args: ["-c", script], stdout: "null" }).spawn();
  own.add(child.pid);
  child.status.then(() => own.delete(child.pid), () => {});
  return child.status;
};
const zombies = () => {
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\\d+$/.test(name)) continue;
    try {
      const fields = Deno.readTextFileSync("/proc/" + name + "/stat").replace(/.*\\) /, "").split(" ");
      if (fields[0] === "Z" && Number(fields[1]) === Deno.pid) count++;
    } catch { /* gone meanwhile */ }
  }
  return count;
};
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
`;
const missing = lacksPath("/bin/sh");

testUnless(missing, "Reaper reaps orphans and never a child of its own", async () => {
  const result = await inOwnProcess<Record<string, number>>(`${HEAD}
    let reaped = 0, stolen = 0;
    Deno.addSignalListener("SIGCHLD", () => { reaped += reaper.reap(); });
    const rounds = Array.from({ length: 40 }, () =>
      sh("for i in 1 2 3 4 5; do (sleep 0.05 & sleep 0.02 &) ; done; exit 3")
        .then((status) => { if (status.code !== 3) stolen++; }, () => { stolen++; }));
    await Promise.all(rounds);
    for (let i = 0; i < 100 && reaped < 400; i++) { await sleep(20); reaped += reaper.reap(); }
    console.log(JSON.stringify({ reaped, stolen, zombies: zombies(), own: own.size }));
    Deno.exit(0);`);
  assert.deepEqual(result, { reaped: 400, stolen: 0, zombies: 0, own: 0 });
});

testUnless(missing, "Reaper takes nobody while it is held", async () => {
  const result = await inOwnProcess(`${HEAD}
    await sh("(exit 0 &)");
    await sleep(100);
    const hold = reaper.hold();
    const held = reaper.reap();
    hold[Symbol.dispose](); hold[Symbol.dispose]();
    console.log(JSON.stringify({ held, free: reaper.reap(), again: reaper.reap() }));`);
  assert.deepEqual(result, { held: 0, free: 1, again: 0 });
});

/** Calls by the hundred thousand, good and bad: afterwards apid and routerd are what they were before. */
import assert from "node:assert/strict";
import { temporaryFolder, TestPki } from "$lib/rpc/testing.ts";
import {
  apidAt,
  machineAt,
  portOf,
  type Program,
  routerAt,
} from "../../cmd/apid/testing_programs.ts";
import { garble, HARMLESS_PATHS } from "./garble.ts";

/** Those that end: the stand-in's stream of events goes on until its caller leaves. */
const [FIRST = "", ...OTHERS] = HARMLESS_PATHS.filter((path) => !path.endsWith("/Events"));

/** Cases of each kind in the part that is measured. */
const COUNT = 100_000;
/** Memory levels off in this many calls; what is held then is what is compared. */
const WARM_UP = 20_000;
/** What memory may differ by, a measure of when V8 last collected; a leak of 1 KiB a call gives 100. */
const SLACK_MIB = 24;

interface Held {
  readonly files: number;
  readonly anonymousMib: number;
}

async function heldBy({ pid, log }: Program): Promise<Held> {
  try {
    const files = (await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`))).length;
    const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
    return { files, anonymousMib: Number(/^Anonymous:\s+(\d+)/m.exec(rollup)?.[1]) / 1024 };
  } catch (cause) {
    throw new Error(`process ${pid} is gone; its last words:\n${log.slice(-2_000)}`, { cause });
  }
}

/** What it holds once connections that were thrown away are closed on both sides. */
async function settled(program: Program): Promise<Held> {
  let held = await heldBy(program);
  let calm = 0;
  for (let tries = 0; calm < 5 && tries < 60; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const next = await heldBy(program);
    calm = next.files === held.files ? calm + 1 : 0;
    held = next;
  }
  return held;
}

// A quarter of an hour: tier long.
if (Deno.env.get("TEST_TIER") === "long") {
  Deno.test("100,000 garbled and 100,000 good calls leave files and memory where they were", async () => {
    await using folder = await temporaryFolder();
    const pki = await TestPki.create();
    await using _machine = await machineAt(folder.path);
    await using routerd = await routerAt(folder.path);
    await using apid = await apidAt(folder.path, await pki.server());
    const { ca, cert, key } = await pki.client();
    const target = { host: "127.0.0.1", port: portOf(apid), ca, crt: cert, key };
    const say = (done: number): void =>
      void (done % 10_000 || Deno.stderr.writeSync(new TextEncoder().encode(`${done} cases\n`)));
    const paths: [string, ...string[]] = [FIRST, ...OTHERS];
    const options = { target, paths, deadlineMs: 20_000, goodEach: 1, onProgress: say };
    await garble({ ...options, count: WARM_UP, seed: 3 });
    const programs = [apid, routerd];
    const before = await Promise.all(programs.map(settled));
    const report = await garble({ ...options, count: COUNT, seed: 4 });
    assert.deepEqual(report.faults, []);
    assert.deepEqual(report.good, { sent: COUNT, failed: 0 });
    for (const [at, program] of programs.entries()) {
      const was = before[at]!;
      const is = await settled(program);
      const text = JSON.stringify({ pid: program.pid, was, is });
      Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
      assert.ok(is.files <= was.files + 2, text);
      assert.ok(is.anonymousMib <= was.anonymousMib + SLACK_MIB, text);
    }
  });
}

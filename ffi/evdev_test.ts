import assert from "node:assert/strict";
import {
  anyPowerButtonPressed,
  findPowerButtons,
  hasBit,
  INPUT_EVENT,
  powerButtonPressed,
} from "./evdev.ts";
import { Fd, O, pipe } from "./fd.ts";
import { FdPoller } from "./poller.ts";
import { layoutTest, output } from "./testing.ts";

layoutTest("evdev.ts INPUT_EVENT", ["linux/input.h"], {
  "sizeof(struct input_event)": INPUT_EVENT.size,
  "offsetof(struct input_event, type)": INPUT_EVENT.type,
  "offsetof(struct input_event, code)": INPUT_EVENT.code,
  "offsetof(struct input_event, value)": INPUT_EVENT.value,
  "EV_KEY": INPUT_EVENT.EV_KEY,
  "KEY_POWER": INPUT_EVENT.KEY_POWER,
});

function openFds(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

function event(type: number, code: number, value: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(INPUT_EVENT.size));
  view.setUint16(INPUT_EVENT.type, type, true);
  view.setUint16(INPUT_EVENT.code, code, true);
  view.setInt32(INPUT_EVENT.value, value, true);
  return new Uint8Array(view.buffer);
}

Deno.test("powerButtonPressed() waits past other keys and the release", async () => {
  await using poller = new FdPoller();
  const { readable, writable } = pipe(O.NONBLOCK);
  using _r = readable;
  using _w = writable;
  let pressed = false;
  const wait = powerButtonPressed(readable, poller).then((result) => pressed = result);
  for (const other of [event(1, 30, 1), event(1, 116, 0), event(0, 0, 0)]) writable.write(other);
  await new Promise((resume) => setTimeout(resume, 20));
  assert.equal(pressed, false);
  writable.write(event(1, 116, 1));
  assert.equal(await wait, true);
});

Deno.test("powerButtonPressed() gives false when the device goes, and rejects with its signal", async () => {
  await using poller = new FdPoller();
  const { readable, writable } = pipe(O.NONBLOCK);
  using _r = readable;
  const wait = powerButtonPressed(readable, poller, AbortSignal.timeout(20));
  await assert.rejects(wait, { name: "TimeoutError" });
  writable.close();
  assert.equal(await powerButtonPressed(readable, poller), false);
});

Deno.test("anyPowerButtonPressed() hears each device, and rejects when none can be pressed", async () => {
  await using poller = new FdPoller();
  const dir = await Deno.makeTempDir();
  const paths = [`${dir}/keyboard`, `${dir}/button`];
  for (const path of paths) await output("mkfifo", [path]);
  const writers = paths.map((path) => Fd.open(path, O.RDWR));
  const before = openFds();
  const wait = anyPowerButtonPressed(paths, poller);
  writers[1]?.write(event(1, 116, 1));
  await wait;
  assert.equal(openFds(), before);
  for (const writer of writers) writer.close();
  await assert.rejects(anyPowerButtonPressed([`${dir}/none`], poller), AggregateError);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("hasBit() counts from the last word", () => {
  assert.ok(hasBit("10000000000000 0\n", 116));
  assert.ok(!hasBit("10000000000000 0\n", 115));
  assert.ok(!hasBit("ffffffffffffffff\n", 116));
  assert.ok(hasBit("1", 0));
});

Deno.test("findPowerButtons() finds the inputs that have the key", async () => {
  const sys = await Deno.makeTempDir();
  for (const [name, keys] of [["event0", "0"], ["event1", "10000000000000 0"], ["mice", ""]]) {
    await Deno.mkdir(`${sys}/${name}/device/capabilities`, { recursive: true });
    await Deno.writeTextFile(`${sys}/${name}/device/capabilities/key`, `${keys}\n`);
  }
  assert.deepEqual(findPowerButtons(sys, "/dev/input"), ["/dev/input/event1"]);
  assert.deepEqual(findPowerButtons(`${sys}/none`), []);
  await Deno.remove(sys, { recursive: true });
});

import assert from "node:assert/strict";
import { goFileMode } from "./go_mode.ts";
import { absolutePath } from "./path.ts";
import { isUnsized, refusal } from "./policy.ts";

const MOUNTS = [
  { root: "/", target: "/", type: "squashfs" },
  { root: "/", target: "/proc", type: "proc" },
  { root: "/", target: "/sys", type: "sysfs" },
  { root: "/", target: "/sys/kernel/tracing", type: "tracefs" },
  { root: "/1", target: "/var/one", type: "proc" },
];

for (
  const { path, refused } of [
    { path: "/etc/os-release", refused: false },
    { path: "/proc/meminfo", refused: false },
    { path: "/proc/1/status", refused: false },
    { path: "/proc/1/maps", refused: false },
    { path: "/proc/kmsg", refused: true },
    { path: "/proc/12/mem", refused: true },
    { path: "/proc/12/task/13/mem", refused: true },
    { path: "/var/one/mem", refused: true },
    { path: "/var/one/status", refused: false },
    { path: "/sys/kernel/tracing/trace", refused: true },
    { path: "/sys/kernel/mm", refused: false },
    { path: "/etc/proc/kmsg", refused: false },
    { path: "/var/kmsg", refused: false },
  ]
) {
  Deno.test(`refusal() ${refused ? "refuses" : "lets pass"} ${path}`, () => {
    assert.equal(refusal(path, MOUNTS) !== undefined, refused);
  });
}

Deno.test("isUnsized() knows the filesystems whose sizes say nothing", () => {
  assert.equal(isUnsized("/proc/1/status", MOUNTS), true);
  assert.equal(isUnsized("/sys/kernel/mm", MOUNTS), true);
  assert.equal(isUnsized("/etc/os-release", MOUNTS), false);
});

Deno.test("goFileMode() gives the bits that Go prints", () => {
  assert.equal(goFileMode(0o100644), 0o644);
  assert.equal(goFileMode(0o040755), 0x80000000 + 0o755);
  assert.equal(goFileMode(0o120777), 0x08000000 + 0o777);
  assert.equal(goFileMode(0o020620), 0x04200000 + 0o620);
  assert.equal(goFileMode(0o060660), 0x04000000 + 0o660);
  assert.equal(goFileMode(0o104755), 0x00800000 + 0o755);
  assert.equal(goFileMode(0o041777), 0x80100000 + 0o777);
});

Deno.test("absolutePath() takes out dots and slashes and cannot leave the root", () => {
  assert.equal(absolutePath("read", "//a/./b/../c/"), "/a/c");
  assert.equal(absolutePath("read", "/../../etc"), "/etc");
  assert.equal(absolutePath("read", "/"), "/");
});

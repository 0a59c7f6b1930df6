import assert from "node:assert/strict";
import { type PathEnvironment, talosconfigPath } from "./path.ts";

const HOME = { HOME: "/home/me" };
const XDG = { ...HOME, XDG_CONFIG_HOME: "/cfg" };
const CASES: [string, string | undefined, PathEnvironment, string][] = [
  ["the flag first", "./f", { ...XDG, TALOSCONFIG: "/env" }, "./f"],
  ["then TALOSCONFIG", undefined, { ...XDG, TALOSCONFIG: "/env" }, "/env"],
  ["then XDG_CONFIG_HOME", "", { ...XDG, TALOSCONFIG: "" }, "/cfg/talos/config.yaml"],
  ["then HOME", undefined, { ...HOME, XDG_CONFIG_HOME: "" }, "/home/me/.talos/config"],
];
for (const [name, flag, env, want] of CASES) {
  Deno.test(`talosconfigPath() takes ${name}`, () => {
    assert.equal(talosconfigPath(flag, env), want);
  });
}

Deno.test("talosconfigPath() without any of them says what to set", () => {
  assert.throws(() => talosconfigPath(undefined, {}), /none of TALOSCONFIG, XDG_CONFIG_HOME and/);
});

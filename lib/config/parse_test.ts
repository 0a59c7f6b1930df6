import assert from "node:assert/strict";
import { encodeConfig } from "./encode/encode.ts";
import { describe, formatPath, multierror } from "./finding.ts";
import { isControlPlane, machineType } from "./machine_type.ts";
import { parseConfig } from "./parse.ts";
import { effectiveInstaller } from "./validate/image_rules.ts";
import { IMAGES } from "./generate/images.ts";

const TAIL = "cluster: {controlPlane: {endpoint: 'https://10.0.0.1'}}\n";

Deno.test("parseConfig() fills what is always there and leaves out what is absent", () => {
  const { config } = parseConfig(`machine: {type: join, install: {}}\n${TAIL}`);
  assert.deepEqual(config, {
    version: "",
    debug: false,
    persist: false,
    machine: { type: "join", token: "", certSANs: [], install: { wipe: false } },
    cluster: { controlPlane: { endpoint: "https://10.0.0.1" }, aescbcEncryptionSecret: "" },
  });
});

Deno.test("parseConfig() takes odd keys of free mappings for keys like any other", () => {
  const { config } = parseConfig(`machine: {env: {__proto__: a, constructor: b}}\n${TAIL}`);
  assert.deepEqual(Object.entries(config?.machine.env ?? {}), [["__proto__", "a"], [
    "constructor",
    "b",
  ]]);
  assert.equal(Object.getPrototypeOf(config?.machine.env), Object.prototype);
});

Deno.test("parseConfig() never repeats a secret in a message", () => {
  const text =
    `machine: {token: [hunter2], ca: {key: "hunter2!"}}\ncluster: {token: {hunter2: 1}}\n`;
  const { errors } = parseConfig(text);
  assert.equal(errors.length, 3);
  assert.ok(!JSON.stringify(errors.map(({ message }) => message)).includes("hunter2"));
});

Deno.test("parseConfig() reads again what it accepted, however many lines that takes", () => {
  const sans = Array.from({ length: 9_000 }, () => "a").join(",");
  const { config, errors } = parseConfig(`machine: {certSANs: [${sans}]}\n${TAIL}`);
  assert.deepEqual(errors, []);
  assert.ok(config);
  const again = parseConfig(encodeConfig(config), { own: true });
  assert.deepEqual(again.config, config);
});

Deno.test("machineType() takes any word but two for a worker", () => {
  for (
    const [type, want] of [["init", "init"], ["controlplane", "controlplane"], ["worker", "join"]]
  ) {
    const { config } = parseConfig(`machine: {type: ${type}}\n${TAIL}`);
    assert.ok(config);
    assert.equal(machineType(config), want);
    assert.equal(isControlPlane(config), want !== "join");
  }
});

Deno.test("effectiveInstaller() takes 0.9's own installer for this release's", () => {
  assert.equal(effectiveInstaller("ghcr.io/talos-systems/installer:v0.9.3"), IMAGES.installer);
  assert.equal(effectiveInstaller(undefined), IMAGES.installer);
  assert.equal(effectiveInstaller("example.org/installer:v1"), "example.org/installer:v1");
});

Deno.test("multierror() counts as go-multierror does", () => {
  const one = { path: ["a", 0, "b c"], message: "x", line: 3, column: 7 };
  assert.equal(multierror([one]), "1 error occurred:\n\t* x\n\n");
  assert.equal(multierror([one, one]), "2 errors occurred:\n\t* x\n\t* x\n\n");
  assert.equal(formatPath(one.path), 'a[0]["b c"]');
  assert.equal(describe(one, "config.yaml"), "config.yaml:3:7: x");
  assert.equal(describe({ path: [], message: "x" }, "config.yaml"), "config.yaml: x");
});

import assert from "node:assert/strict";
import type { ContainerSpec } from "./container.ts";
import { ociSpec } from "./oci_spec.ts";

const IMAGE = { env: ["PATH=/bin", "A=image"], cwd: "/work" };
const PLAIN: ContainerSpec = { args: ["/bin/a", "-b"], cgroup: "/podruntime/a" };

/** The value at a dotted path of the specification. */
function at(spec: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => Reflect.get(Object(value), key), spec);
}

Deno.test("ociSpec() denies what nobody asked for", () => {
  const spec = ociSpec(PLAIN, IMAGE);
  assert.deepEqual(at(spec, "process.capabilities.effective"), []);
  assert.equal(at(spec, "process.noNewPrivileges"), true);
  assert.equal(at(spec, "root.readonly"), true);
  assert.deepEqual(at(spec, "linux.resources.devices"), [{ allow: false, access: "rwm" }]);
  assert.deepEqual(at(spec, "linux.namespaces"), [{ type: "mount" }]);
  assert.ok((at(spec, "linux.maskedPaths") as string[]).includes("/proc/kcore"));
  assert.equal(at(spec, "linux.rootfsPropagation"), undefined);
});

Deno.test("ociSpec() runs the container's command in the image's surroundings", () => {
  const spec = ociSpec({ ...PLAIN, env: { A: "own", B: "2" } }, IMAGE);
  assert.deepEqual(at(spec, "process.args"), ["/bin/a", "-b"]);
  assert.deepEqual(at(spec, "process.env"), ["PATH=/bin", "A=own", "B=2"]);
  assert.equal(at(spec, "process.cwd"), "/work");
  assert.deepEqual(at(spec, "process.user"), { uid: 0, gid: 0 });
});

Deno.test("ociSpec() of a privileged container hides nothing and keeps every capability", () => {
  const spec = ociSpec({ ...PLAIN, privileged: true, capabilities: "all" }, IMAGE);
  assert.equal((at(spec, "process.capabilities.bounding") as string[]).length, 41);
  assert.deepEqual(at(spec, "linux.resources.devices"), [{ allow: true, access: "rwm" }]);
  assert.equal(at(spec, "linux.maskedPaths"), undefined);
  assert.equal(at(spec, "process.noNewPrivileges"), false);
});

Deno.test("ociSpec() puts mounts in place of its own with the same destination, and below it", () => {
  const mounts = [{ destination: "/dev", source: "/dev" }, { destination: "/data", source: "/d" }];
  const spec = ociSpec({ ...PLAIN, mounts }, IMAGE);
  const destinations = (at(spec, "mounts") as { destination: string }[])
    .map(({ destination }) => destination);
  assert.deepEqual(destinations, ["/proc", "/sys", "/dev", "/data"]);
  const [, , dev] = at(spec, "mounts") as unknown[];
  assert.deepEqual(dev, {
    destination: "/dev",
    source: "/dev",
    type: "bind",
    options: ["rbind", "rw"],
  });
});

Deno.test("ociSpec() sets bounds", () => {
  const spec = ociSpec({
    ...PLAIN,
    memoryLimitBytes: 1 << 20,
    oomScoreAdj: -500,
    rlimits: { NOFILE: 1024 },
    namespaces: ["ipc"],
    rootPropagation: "rshared",
  }, IMAGE);
  assert.deepEqual(at(spec, "linux.resources.memory"), { limit: 1 << 20 });
  assert.equal(at(spec, "process.oomScoreAdj"), -500);
  assert.deepEqual(at(spec, "process.rlimits"), [{
    type: "RLIMIT_NOFILE",
    soft: 1024,
    hard: 1024,
  }]);
  assert.deepEqual(at(spec, "linux.namespaces"), [{ type: "mount" }, { type: "ipc" }]);
  assert.equal(at(spec, "linux.rootfsPropagation"), "rshared");
});

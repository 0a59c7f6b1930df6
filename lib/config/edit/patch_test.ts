import assert from "node:assert/strict";
import { generateConfigs } from "../generate/configs.ts";
import { createSecrets } from "../generate/secrets.ts";
import { parseConfig } from "../parse.ts";
import { unifiedDiff } from "./diff.ts";
import { parsePatch, type PatchOperation } from "./operations.ts";
import { applyPatch } from "./patch.ts";

const secrets = await createSecrets({ now: new Date("2024-01-01T00:00:00Z") });
const { controlplane } = generateConfigs({
  clusterName: "prod",
  endpoint: "https://10.0.0.1:6443",
  secrets,
});

/** The lines that a patch takes away and adds. */
function changed(text: string, patch: PatchOperation[]): string[] {
  const result = applyPatch(text, patch);
  assert.deepEqual(parseConfig(result).errors, []);
  return unifiedDiff(text, result).split("\n").filter((line) => /^[-+]/.test(line));
}

const CASES: { name: string; patch: PatchOperation[]; want: string[] }[] = [
  {
    name: "a scalar: one line, its comment kept",
    patch: [{ op: "replace", path: "/machine/install/disk", value: "/dev/vda" }],
    want: [
      "-        disk: /dev/sda # The disk to install to.",
      "+        disk: /dev/vda # The disk to install to.",
    ],
  },
  {
    name: "a new key in a mapping",
    patch: [{ op: "add", path: "/machine/install/extraKernelArgs", value: ["panic=5"] }],
    want: ["+        extraKernelArgs:", "+            - panic=5"],
  },
  {
    name: "a key in an empty mapping",
    patch: [{ op: "add", path: "/machine/network/hostname", value: "node-a" }],
    want: ["-    network: {}", "+    network:", "+        hostname: node-a"],
  },
  {
    name: "a new section",
    patch: [{ op: "add", path: "/machine/sysctls", value: { "net.ipv4.ip_forward": "1" } }],
    want: ["+    sysctls:", '+        net.ipv4.ip_forward: "1"'],
  },
  {
    name: "an item at the end of a list",
    patch: [{ op: "add", path: "/cluster/network/podSubnets/-", value: "fd00::/56" }],
    want: ["+            - fd00::/56"],
  },
  {
    name: "an item at the start of a list",
    patch: [{ op: "add", path: "/cluster/network/podSubnets/0", value: "fd00::/56" }],
    want: ["+            - fd00::/56"],
  },
  {
    name: "an item of a list that is written on one line",
    patch: [{ op: "add", path: "/machine/certSANs/-", value: "10.9.8.7" }],
    want: [
      "-    certSANs: [] # Names and addresses that are added to the certificates of the machine's API.",
      "+    certSANs: # Names and addresses that are added to the certificates of the machine's API.",
      "+        - 10.9.8.7",
    ],
  },
  {
    name: "a removed key with the comment above it",
    patch: [{ op: "remove", path: "/cluster/serviceAccount" }],
    want: [],
  },
];

for (const { name, patch, want } of CASES) {
  Deno.test(`applyPatch() changes only ${name}`, () => {
    const lines = changed(controlplane, patch);
    if (want.length > 0) assert.deepEqual(lines, want);
    else assert.ok(lines.length === 3 && lines.every((line) => line.startsWith("-")), `${lines}`);
  });
}

Deno.test("applyPatch() applies all of a patch or nothing", () => {
  const patch = parsePatch(`[
    {"op": "replace", "path": "/machine/token", "value": "x"},
    {"op": "remove", "path": "/machine/nothing"}
  ]`);
  assert.throws(() => applyPatch(controlplane, patch), /nonexistent property/);
  assert.throws(
    () => applyPatch(controlplane, [{ op: "test", path: "/debug", value: true }]),
    /test failed/,
  );
});

Deno.test("applyPatch() writes any change into any layout", () => {
  const text = [
    "# top",
    "version: v1alpha1",
    "machine: {type: join, token: a, certSANs: [x, y]} # flow",
    "cluster:",
    "  controlPlane: &cp",
    "    endpoint: https://1.2.3.4:6443",
    "  extraManifests:",
    "  - a # first",
    "  - |",
    "    b",
    "  other: *cp",
    "",
  ].join("\n");
  const patch: PatchOperation[] = [
    { op: "add", path: "/machine/certSANs/1", value: "z" },
    { op: "remove", path: "/cluster/extraManifests/1" },
    { op: "add", path: "/cluster/clusterName", value: "multi\nline" },
    { op: "replace", path: "/cluster/other", value: { endpoint: "https://4.3.2.1" } },
  ];
  const { config, errors } = parseConfig(applyPatch(text, patch));
  assert.deepEqual(errors, []);
  assert.deepEqual(config?.machine.certSANs, ["x", "z", "y"]);
  assert.deepEqual(config?.cluster.extraManifests, ["a"]);
  assert.equal(config?.cluster.clusterName, "multi\nline");
  assert.equal(config?.cluster.controlPlane.endpoint, "https://1.2.3.4:6443");
  assert.match(applyPatch(text, patch), /^# top\n/);
});

Deno.test("applyPatch() gives back the very text when nothing changes", () => {
  const patch: PatchOperation[] = [{ op: "replace", path: "/persist", value: true }];
  assert.equal(applyPatch(controlplane, patch), controlplane);
});

for (
  const [text, message] of [
    ["{}", /not a list/],
    ["[1]", /operation 0 is not a mapping/],
    ['[{"op": "nope", "path": "/a"}]', /"op": "nope"/],
    ['[{"op": "add", "value": 1}]', /no "path"/],
    ['[{"op": "add", "path": "/a"}]', /no "value"/],
    ['[{"op": "move", "path": "/a"}]', /no "from"/],
    ["[", /neither JSON nor YAML/],
  ] as const
) {
  Deno.test(`parsePatch() refuses ${text}`, () => {
    assert.throws(() => parsePatch(text), (error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, message);
      return true;
    });
  });
}

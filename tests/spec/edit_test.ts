/**
 * `talosctl edit` and `patch` against a node that keeps a configuration, with scripts for editors.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { ConfigurationService } from "$proto/configuration/configuration_pb.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import {
  addressed,
  TestNode,
  testPki,
  testTalosconfig,
} from "../../cmd/talosctl/testing/cluster.ts";
import { Home } from "./spec.ts";

const linux = { ignore: Deno.build.os === "windows" };
const CONFIG = "# ours\nversion: v1alpha1 # the first\nmachine:\n    token: abc # secret\n";
const BAD = "config.yaml:4:5: no such token";

/** What a node was asked to apply, and how. */
interface Applied {
  readonly node: string;
  readonly text: string;
  readonly immediate: boolean;
  readonly onReboot: boolean;
}

/** Nodes that hold CONFIG, a user with a talosconfig for them, and an editor that is a script. */
async function world(nodes: readonly string[] = []) {
  const applied: Applied[] = [];
  const tried: string[] = [];
  const encoder = new TextEncoder();
  const definition = (type: string) => ({
    metadata: {
      id: ["mc", "machineconfig"].includes(type) ? "machineconfigs.config.talos.dev" : type,
    },
  });
  const resource = { metadata: { id: "v1alpha1" }, spec: { yaml: encoder.encode(CONFIG) } };
  const metadata = (headers: Headers) =>
    addressed(headers).length === 0
      ? [{}]
      : addressed(headers).map((hostname) => ({ metadata: { hostname } }));
  const pki = await testPki();
  const server = await TestNode.start(pki, (router) => {
    router.service(ResourceService, {
      get: ({ type }, { requestHeader }) => ({
        messages: metadata(requestHeader).map((of) => ({
          ...of,
          definition: definition(type),
          resource,
        })),
      }),
      async *list({ type }, { requestHeader }) {
        for (const of of metadata(requestHeader)) yield { ...of, definition: definition(type) };
        for (const of of metadata(requestHeader)) yield { ...of, resource };
      },
    });
    router.service(ConfigurationService, {
      check({ data, immediate }, { requestHeader }) {
        const text = new TextDecoder().decode(data);
        const result = {
          diff: text === CONFIG ? "" : "@@ -1 +1 @@\n-abc\n+xyz\n",
          refusal: immediate ? "" : "this node keeps nothing\ndiff: again",
          warnings: ["odd"],
        };
        return { messages: metadata(requestHeader).map((of) => ({ ...of, ...result })) };
      },
      try({ timeout }, { requestHeader }) {
        tried.push(`tried for ${timeout?.seconds} s`);
        return { messages: metadata(requestHeader) };
      },
      confirm(_, { requestHeader }) {
        tried.push("confirmed");
        return { messages: metadata(requestHeader) };
      },
    });
    router.service(MachineService, {
      applyConfiguration({ data, immediate, onReboot }, { requestHeader }) {
        const text = new TextDecoder().decode(data);
        const [node = ""] = addressed(requestHeader);
        applied.push({ node, text, immediate, onReboot });
        if (!text.includes("bad") && node !== "10.0.0.9") {
          return { messages: metadata(requestHeader) };
        }
        if (node === "") throw new ConnectError(BAD, Code.InvalidArgument);
        const error = `rpc error: code = InvalidArgument desc = ${BAD}`;
        return { messages: [{ metadata: { hostname: node, error } }] };
      },
    });
  });
  const home = await Home.make();
  const talosconfig = testTalosconfig(pki, { endpoints: [server.endpoint], nodes });
  await Deno.writeTextFile(home.at("cluster"), talosconfig);
  return {
    applied,
    tried,
    home,
    /** Runs talosctl; each time the editor opens, the next of `edits` gets the file as `$1`. */
    async run(args: readonly string[], ...edits: string[]) {
      const steps = edits.map((edit, i) => `${i + 1}) ${edit} ;;`).join("\n");
      const script = `n=$(($(cat ${home.at("n")} 2>/dev/null || echo 0) + 1)); echo $n > ${
        home.at("n")
      }\ncp "$1" ${home.at("seen")}.$n; stat -c %a "$1" > ${
        home.at("mode")
      }\ncase $n in\n${steps}\n*) exit 9 ;; esac\n`;
      await Deno.writeTextFile(home.at("editor"), script);
      const env = {
        TALOSCONFIG: home.at("cluster"),
        TALOS_EDITOR: `sh ${home.at("editor")}`,
        EDITOR: "false",
      };
      return await home.run(args, env);
    },
    /** What the editor showed at its n-th opening. */
    seen: (n: number) => Deno.readTextFile(`${home.at("seen")}.${n}`),
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const REPLACE = `sed -i 's/abc/xyz/' "$1"`;
const CHANGED = CONFIG.replace("abc", "xyz");

Deno.test("talosctl edit applies what the editor saved, without its header", linux, async () => {
  await using it = await world();
  const run = await it.run(["edit", "machineconfig", "--immediate"], REPLACE);
  assert.deepEqual(run, { code: 0, stdout: "", stderr: "" });
  assert.deepEqual(it.applied, [{ node: "", text: CHANGED, immediate: true, onReboot: false }]);
  assert.match(await it.seen(1), /^# Editing the machine configuration of node 127\.0\.0\.1\n/);
  assert.equal((await Deno.readTextFile(it.home.at("mode"))).trim(), "600");
});

Deno.test("talosctl edit opens the editor again with the fault as comment", linux, async () => {
  await using it = await world(["10.0.0.2"]);
  const run = await it.run(
    ["edit", "mc", "v1alpha1", "--on-reboot"],
    `sed -i 's/abc/bad/' "$1"`,
    `sed -i 's/: bad/: xyz/' "$1"`,
  );
  assert.deepEqual(run, { code: 0, stdout: "", stderr: "" });
  const second = await it.seen(2);
  assert.ok(second.includes(`\n# It was not applied:\n# ${BAD}\n`), second);
  assert.ok(second.endsWith(CONFIG.replace("abc", "bad")), "goes on from what was edited");
  assert.deepEqual(it.applied.map(({ node, text }) => [node, text]), [
    ["10.0.0.2", CONFIG.replace("abc", "bad")],
    ["10.0.0.2", CHANGED],
  ]);
});

Deno.test(
  "talosctl edit gives up when a refused text is saved unchanged, and keeps it",
  linux,
  async () => {
    await using it = await world();
    const run = await it.run(["edit", "mc"], `sed -i 's/abc/bad/' "$1"`, "true");
    assert.equal(run.code, 1);
    assert.ok(run.stderr.includes(BAD), run.stderr);
    const path = /what was edited is kept in "(.*)"/.exec(run.stderr)?.[1] ?? "";
    assert.ok((await Deno.readTextFile(path)).endsWith(CONFIG.replace("abc", "bad")));
    await Deno.remove(dirname(path), { recursive: true });
    assert.equal(it.applied.length, 1);
  },
);

for (
  const { what, edit, says } of [
    { what: "nothing", edit: "true", says: "Apply was skipped: no changes detected.\n" },
    { what: "an empty file", edit: `: > "$1"`, says: "Apply was skipped: empty file.\n" },
    {
      what: "comments alone",
      edit: `grep '^#' "$1" > x; cp x "$1"`,
      says: "Apply was skipped: empty file.\n",
    },
  ]
) {
  Deno.test(`talosctl edit applies nothing after ${what}`, linux, async () => {
    await using it = await world();
    assert.deepEqual(await it.run(["edit", "mc"], edit), { code: 0, stdout: says, stderr: "" });
    assert.deepEqual(it.applied, []);
  });
}

Deno.test("talosctl edit ends with an editor that fails", linux, async () => {
  await using it = await world();
  const run = await it.run(["edit", "mc"], `${REPLACE}; exit 3`);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /^Cannot edit: the editor "sh .*" ended with code 3\n$/);
  assert.deepEqual(it.applied, []);
});

Deno.test("talosctl edit takes one node after the other", linux, async () => {
  await using it = await world(["10.0.0.2", "10.0.0.3"]);
  assert.equal((await it.run(["edit", "mc"], REPLACE, REPLACE)).code, 0);
  assert.deepEqual(it.applied.map(({ node }) => node), ["10.0.0.2", "10.0.0.3"]);
  assert.match(await it.seen(2), /of node 10\.0\.0\.3\n/);
});

for (const name of ["edit", "patch"]) {
  Deno.test(`talosctl ${name} refuses other types`, linux, async () => {
    await using it = await world();
    const run = await it.run([name, "services", ...(name === "patch" ? ["-p", "[]"] : [])]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^only the machineconfig resource can be changed, not "services"\n/);
  });
}

const PATCH = '[{"op": "replace", "path": "/machine/token", "value": "xyz"}]';

Deno.test("talosctl patch changes the line it is about on every node", linux, async () => {
  await using it = await world(["10.0.0.2", "10.0.0.3"]);
  const run = await it.run(["patch", "mc", "--immediate", "-p", PATCH]);
  assert.deepEqual(run, {
    code: 0,
    stdout: "patched mc at the node 10.0.0.2\npatched mc at the node 10.0.0.3\n",
    stderr: "",
  });
  assert.deepEqual(
    it.applied,
    ["10.0.0.2", "10.0.0.3"].map((node) => ({
      node,
      text: CHANGED,
      immediate: true,
      onReboot: false,
    })),
  );
});

Deno.test(
  "talosctl patch reads YAML from a file and tells of the node that refuses",
  linux,
  async () => {
    await using it = await world(["10.0.0.9", "10.0.0.3"]);
    await Deno.writeTextFile(it.home.at("p.yaml"), "- op: remove\n  path: /machine/token\n");
    const args = ["patch", "machineconfig", "v1alpha1", "--on-reboot", "--patch-file", "p.yaml"];
    const run = await it.run(args);
    assert.equal(run.code, 1);
    assert.equal(run.stdout, "patched machineconfig at the node 10.0.0.3\n");
    assert.match(run.stderr, new RegExp(`^1 error occurred:\n\t\\* 10\\.0\\.0\\.9: ${BAD}\n`));
    assert.ok(it.applied.every(({ onReboot, immediate }) => onReboot && !immediate));
  },
);

Deno.test(
  "talosctl patch skips what changes nothing and sends nothing that does not fit",
  linux,
  async () => {
    await using it = await world();
    const same = await it.run(["patch", "mc", "-p", PATCH.replace("xyz", "abc")]);
    assert.deepEqual([same.code, same.stdout], [0, "Apply was skipped: no changes detected.\n"]);
    const unfit = await it.run(["patch", "mc", "-p", PATCH.replace("/token", "/no/such")]);
    assert.equal(unfit.code, 1);
    assert.match(unfit.stderr, /^Cannot apply patch: /);
    for (const flags of [[], ["-p", PATCH, "--patch-file", "x"]]) {
      const usage = await it.run(["patch", "mc", ...flags]);
      assert.match(
        usage.stderr,
        /^exactly one of the flags --patch and --patch-file has to be set/,
      );
    }
    assert.deepEqual(it.applied, []);
  },
);

Deno.test("talosctl patch --dry-run shows the difference, and what stands against it", async () => {
  await using it = await world(["10.0.0.2"]);
  const fine = await it.run(["patch", "mc", "--immediate", "--dry-run", "-p", PATCH]);
  assert.deepEqual(fine, {
    code: 0,
    stdout: "10.0.0.2:\n@@ -1 +1 @@\n-abc\n+xyz\n",
    stderr: "10.0.0.2: odd\n",
  });
  const refused = await it.run(["patch", "mc", "--dry-run", "-p", PATCH]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /\* 10\.0\.0\.2: would be refused: this node keeps nothing\n/);
  assert.doesNotMatch(refused.stderr, /diff/);
  await Deno.writeTextFile("same.yaml", CONFIG);
  const same = await it.run(["apply-config", "--immediate", "--dry-run", "-f", "same.yaml"]);
  assert.deepEqual([same.code, same.stdout], [0, "10.0.0.2: no changes\n"]);
  assert.deepEqual([it.applied, it.tried], [[], []]);
});

Deno.test("talosctl patch --try changes for a while, and apply-config --confirm for good", async () => {
  await using it = await world(["10.0.0.2"]);
  const run = await it.run(["patch", "mc", "--try", "--timeout", "90s", "-p", PATCH]);
  assert.equal(run.code, 0);
  assert.match(run.stderr, /keep it with 'talosctl apply-config --confirm'/);
  assert.deepEqual(await it.run(["apply-config", "--confirm"]), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  assert.deepEqual([it.applied, it.tried], [[], ["tried for 90 s", "confirmed"]]);
  for (
    const [flag, says] of [["--on-reboot", /--on-reboot exclude/], [
      "--dry-run",
      /exclude/,
    ]] as const
  ) {
    const unfit = await it.run(["patch", "mc", "--try", flag, "-p", PATCH]);
    assert.match(unfit.stderr, says);
  }
});

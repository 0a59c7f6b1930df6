import assert from "node:assert/strict";
import { parse } from "yaml";
import { accessOf, type Decision, mergeKubeconfig, withoutContext } from "./mod.ts";

const PEM = btoa("-----BEGIN X-----\n");

/** What a node hands out for cluster `name`. */
function handedOut(name: string, server = "https://c:6443"): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: ${name}
    cluster:
      server: ${server}
      certificate-authority-data: ${PEM}
users:
  - name: admin@${name}
    user:
      client-certificate-data: ${PEM}
      client-key-data: ${PEM}
contexts:
  - name: admin@${name}
    context:
      cluster: ${name}
      namespace: default
      user: admin@${name}
current-context: admin@${name}
`;
}

const always = (decision: Decision) => ({ onConflict: () => Promise.resolve(decision) });

Deno.test("mergeKubeconfig() starts a file with what is added", async () => {
  const { text, renames, context } = await mergeKubeconfig("", handedOut("c"), always("rename"));
  assert.deepEqual(parse(text), parse(handedOut("c")));
  assert.deepEqual([renames, context], [[], "admin@c"]);
});

Deno.test("mergeKubeconfig() renames by index and keeps references together", async () => {
  const first = await mergeKubeconfig(handedOut("c"), handedOut("c"), always("rename"));
  assert.deepEqual(first.renames, [
    { component: "cluster", from: "c", to: "c-1" },
    { component: "auth info", from: "admin@c", to: "admin@c-1" },
    { component: "context", from: "admin@c", to: "admin@c-1" },
  ]);
  const file = parse(first.text);
  assert.equal(file["current-context"], "admin@c-1");
  assert.deepEqual(file.contexts[1].context, {
    cluster: "c-1",
    namespace: "default",
    user: "admin@c-1",
  });
  const second = await mergeKubeconfig(first.text, handedOut("c"), always("rename"));
  assert.equal(second.context, "admin@c-2");
});

Deno.test("mergeKubeconfig() overwrites in place when told to", async () => {
  const base = handedOut("c").replace("contexts:", "# mine\ncontexts:");
  const { text, renames } = await mergeKubeconfig(
    base,
    handedOut("c", "https://d:6443"),
    always("overwrite"),
  );
  assert.deepEqual(renames, []);
  assert.deepEqual(parse(text), parse(handedOut("c", "https://d:6443")));
  assert.match(text, /# mine/);
});

Deno.test("mergeKubeconfig() keeps what it does not know, comments included", async () => {
  const base = `# my clusters
apiVersion: v1
kind: Config
clusters:
  - name: work # do not touch
    cluster: { server: "https://work", extensions: [] }
contexts: []
users: null
preferences: { colors: true }
current-context: work
`;
  const { text } = await mergeKubeconfig(base, handedOut("c"), always("rename"));
  assert.ok(text.startsWith("# my clusters\n"));
  assert.match(text, /name: work # do not touch\n {4}cluster: \{ server: "https:\/\/work"/);
  assert.match(text, /preferences: \{ colors: true \}\ncurrent-context: admin@c\n/);
  assert.equal(parse(text).users.length, 1);
});

Deno.test("mergeKubeconfig() gives the context a forced name", async () => {
  const { text, context } = await mergeKubeconfig("", handedOut("c"), {
    ...always("rename"),
    contextName: "lab",
  });
  assert.equal(context, "lab");
  assert.deepEqual(parse(text).contexts[0].context.user, "admin@c");
});

Deno.test("mergeKubeconfig() asks for each taken name", async () => {
  const asked: string[] = [];
  await mergeKubeconfig(handedOut("c"), handedOut("c"), {
    onConflict: (component, name) => {
      asked.push(`${component} ${name}`);
      return Promise.resolve("overwrite");
    },
  });
  assert.deepEqual(asked, ["cluster c", "auth info admin@c", "context admin@c"]);
});

for (const [what, text] of [["a list", "- a\n"], ["no YAML", "a: [\n"], ["tabs", "a:\n\t- b\n"]]) {
  Deno.test(`mergeKubeconfig() refuses ${what}`, async () => {
    const refusal = { name: "SyntaxError", message: /^Cannot read kubeconfig: / };
    await assert.rejects(mergeKubeconfig(text ?? "", handedOut("c"), always("rename")), refusal);
  });
}

Deno.test("withoutContext() takes a context out, with what only it refers to", async () => {
  const { text } = await mergeKubeconfig(handedOut("a"), handedOut("b"), always("rename"));
  assert.deepEqual(parse(withoutContext(text, "admin@b")), {
    ...parse(handedOut("a")),
    "current-context": "",
  });
  assert.equal(withoutContext(text, "nobody"), text);
  const shared = text.replace("cluster: b", "cluster: a");
  assert.equal(parse(withoutContext(shared, "admin@b")).clusters.length, 2);
});

Deno.test("accessOf() reads the current context and names what is missing", () => {
  assert.deepEqual(accessOf(handedOut("c")), {
    url: "https://c:6443",
    ca: "-----BEGIN X-----\n",
    client: { crt: "-----BEGIN X-----\n", key: "-----BEGIN X-----\n" },
  });
  for (
    const [text, message] of [
      [handedOut("c").replace(/current-context.*/, ""), /no current-context/],
      [handedOut("c").replace("cluster: c", "cluster: d"), /no cluster "d"/],
      [handedOut("c").replace(/client-key-data.*/, ""), /no client-key-data/],
      [handedOut("c").replace(/client-key-data.*/, "client-key-data: eA=="), /not base64 over PEM/],
    ] as const
  ) assert.throws(() => accessOf(text), { message });
});

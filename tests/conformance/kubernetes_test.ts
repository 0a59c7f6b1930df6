/**
 * Kubernetes' own conformance tests against a cluster of one node: those of `kubernetes.txt`, which need
 * no other image than agnhost and pause, no shell in it, and one node.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bringUpCluster, type Cluster, CLUSTER_MS, clusterTest } from "../boot/kubernetes.ts";
import { say } from "../boot/served_images.ts";
import { buildComponents } from "../../mkimage/components/build.ts";
import { chooseComponents } from "../../mkimage/components/catalog.ts";
import { CACHE } from "../../mkimage/paths.ts";

/** What ginkgo reports of one test. */
interface Spec {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeText: string;
  readonly State: string;
  readonly Failure?: { readonly Message: string };
}

const FOCUS = (await Deno.readTextFile(new URL("kubernetes.txt", import.meta.url)))
  .trimEnd().split("\n");

let cluster: Cluster;
let program: string;

Deno.test.afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

clusterTest("a cluster comes up for Kubernetes' conformance tests", async () => {
  const [e2e] = await buildComponents(chooseComponents(["e2e"]), CACHE, say);
  program = e2e!.programs[0]!.path;
  cluster = await bringUpCluster({ images: ["agnhost"] });
}, { bringsUp: true });

for (const name of FOCUS) {
  clusterTest(name, async () => {
    const { State, Failure } = await runSpec(name);
    assert.equal(State, "passed", Failure?.Message);
  });
}

/** Has the test program run the test of that name, and no other; gives what became of it. */
async function runSpec(name: string): Promise<Spec> {
  const directory = await Deno.makeTempDir({ prefix: "conformance-" });
  try {
    const report = join(directory, "report.json");
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [
        ...["--kubeconfig", cluster.kubectl.kubeconfig, "--ginkgo.no-color"],
        `--ginkgo.focus=${RegExp.escape(name)}$`,
        `--ginkgo.timeout=${CLUSTER_MS}ms`,
        `--ginkgo.json-report=${report}`,
      ],
      cwd: directory,
    }).output();
    const text = await Deno.readTextFile(report).catch(() => undefined);
    if (text === undefined) {
      const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
      throw new Error(`The test program gave ${code} and no report: ${said.slice(-4000)}`);
    }
    const [{ SpecReports }] = JSON.parse(text) as [{ SpecReports: readonly Spec[] }];
    const ran = SpecReports.filter((spec) => titleOf(spec) === name);
    assert.equal(ran.length, 1, `${name}: ${ran.length} tests have that name`);
    return ran[0]!;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function titleOf({ ContainerHierarchyTexts, LeafNodeText }: Spec): string {
  return [...ContainerHierarchyTexts ?? [], LeafNodeText].join(" ");
}

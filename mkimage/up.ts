/**
 * From a checkout to a cluster of one node: builds the image when it is missing or older than its
 * sources, packs the images of Kubernetes and serves them, creates the local cluster, shows its nodes
 * and pods and what to do next.
 *
 *     deno task up [flags of `talosctl cluster create`]
 *
 * With `--skip-kubernetes` it stops at the machine, and packs and serves nothing.
 *
 * @module
 */
import { join } from "node:path";
import { buildComponents } from "./components/build.ts";
import { chooseComponents } from "./components/catalog.ts";
import { parseLock } from "./lock.ts";
import { CACHE, DIST, LOCK_FILE, ROOT } from "./paths.ts";
import { serveImages } from "./registry/commands.ts";
import { registryPatch } from "./registry/patch.ts";
import { progress } from "./say.ts";
import { clusterFlags, newestSource, oldestOf, SOURCES, talosctl } from "./stale.ts";

const IMAGE = [join(DIST, "vmlinuz-amd64"), join(DIST, "initramfs-amd64.xz")];
const KUBECTL = join(DIST, "kubectl");
/** How whoever runs this runs tasks: npx has no `deno` left behind on the path. */
const RUNTIME = Deno.env.get("npm_command") === "exec"
  ? `npx -y deno@${Deno.version.deno}`
  : "deno";
const machineOnly = Deno.args.includes("--skip-kubernetes");
/** Which cluster is meant, for the commands that know no other flag of `create`. */
const which = clusterFlags(Deno.args);

try {
  await up();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  Deno.exit(1);
}

async function up(): Promise<void> {
  // What it cannot install it lists; what is truly needed fails below with its name.
  await status(Deno.execPath(), ["task", "setup"]);
  const oldest = await oldestOf(IMAGE);
  if (oldest === undefined) await build("there is no image in dist/");
  else if (await newestSource(SOURCES) > oldest) await build("the image is older than its sources");
  await create(machineOnly ? [] : await kubernetesFlags());
  await need(talosctl(["services"]));
  if (!machineOnly) {
    for (const what of [["nodes", "-o", "wide"], ["pods", "-A", "-o", "wide"]]) {
      await need(status(KUBECTL, ["get", ...what]));
    }
  }
  const named = which.map((word) => ` ${word}`).join("");
  say(`
The ${machineOnly ? "node" : "cluster"} is up. Try:
${machineOnly ? "" : "\n  dist/kubectl get pods -A"}
  ${RUNTIME} task talosctl dmesg -f
  ${RUNTIME} task talosctl logs machined
  ${RUNTIME} task talosctl list -l /
  ${RUNTIME} task talosctl cluster show${named}

and when you are done:

  ${RUNTIME} task down${named}
`);
}

async function build(why: string): Promise<void> {
  say(`building the image: ${why}`);
  await need(status(Deno.execPath(), ["task", "image"]));
}

/** Has the images of Kubernetes served and kubectl built; gives what tells the node where they are. */
async function kubernetesFlags(): Promise<string[]> {
  say("packing and serving the images of Kubernetes (the first time it is compiled)");
  const lock = parseLock(await Deno.readTextFile(LOCK_FILE));
  const { registry, images } = await serveImages(lock);
  const [kubectl] = await buildComponents(chooseComponents(["kubectl"]), CACHE, progress());
  await Deno.copyFile(kubectl!.programs[0]!.path, KUBECTL);
  return ["--config-patch", registryPatch(registry, images.map(({ name }) => name))];
}

/** Leaves a cluster that answers as it is; what does not answer is replaced. */
async function create(flags: readonly string[]): Promise<void> {
  if (await talosctl(["cluster", "show", ...which], { quiet: true }) === 0) {
    if (await talosctl(["version"], { quiet: true }) === 0) return say("the cluster is running");
    say("the cluster does not answer: creating it again");
    await need(talosctl(["cluster", "destroy", ...which]));
  }
  const images = ["--vmlinuz-path", IMAGE[0] ?? "", "--initrd-path", IMAGE[1] ?? ""];
  await need(talosctl(["cluster", "create", ...images, ...flags, ...Deno.args]));
}

async function status(program: string, args: readonly string[]): Promise<number> {
  const command = new Deno.Command(program, { args: [...args], cwd: ROOT, stdin: "null" });
  return (await command.spawn().status).code;
}

/** Ends with a step's exit code when it failed; the step has said why. */
async function need(step: Promise<number>): Promise<void> {
  const code = await step;
  if (code !== 0) Deno.exit(code);
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

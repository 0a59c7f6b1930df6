/**
 * From a checkout to a running node: builds the image when it is missing or older than its sources,
 * creates the local cluster, shows its services and what to do next.
 *
 *     deno task up [flags of `talosctl cluster create`]
 *
 * @module
 */
import { join } from "node:path";
import { DIST, ROOT } from "./paths.ts";
import { newestSource, oldestOf, SOURCES, talosctl } from "./stale.ts";

const IMAGE = [join(DIST, "vmlinuz-amd64"), join(DIST, "initramfs-amd64.xz")];

// What it cannot install it lists; what is truly needed fails below with its name.
await new Deno.Command(Deno.execPath(), { args: ["task", "setup"], cwd: ROOT, stdin: "null" })
  .spawn().status;
const oldest = await oldestOf(IMAGE);
if (oldest === undefined) await build("there is no image in dist/");
else if (await newestSource(SOURCES) > oldest) await build("the image is older than its sources");
await create();
if (await talosctl(["services"]) !== 0) Deno.exit(1);
say(`
The node is up. Try:

  deno task talosctl dmesg -f
  deno task talosctl logs machined
  deno task talosctl list -l /
  deno task talosctl cluster show

and when you are done:

  deno task down
`);

async function build(why: string): Promise<void> {
  say(`building the image: ${why}`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "image"],
    cwd: ROOT,
    stdin: "null",
  }).spawn().status;
  if (code !== 0) Deno.exit(code);
}

/** Leaves a cluster that answers as it is; what does not answer is replaced. */
async function create(): Promise<void> {
  if (await talosctl(["cluster", "show"], { quiet: true }) === 0) {
    if (await talosctl(["version"], { quiet: true }) === 0) return say("the cluster is running");
    say("the cluster does not answer: creating it again");
    if (await talosctl(["cluster", "destroy"]) !== 0) Deno.exit(1);
  }
  const images = ["--vmlinuz-path", IMAGE[0] ?? "", "--initrd-path", IMAGE[1] ?? ""];
  const machine = ["cluster", "create", "--skip-kubernetes", ...images];
  if (await talosctl([...machine, ...Deno.args]) !== 0) Deno.exit(1);
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

/**
 * Builds the fault image once: the same parts as the ordinary one, but with the node binary of
 * faults/node.ts. Later runs use it again as long as nothing that goes into it changed.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { DIST } from "./node.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const OUTPUT = `${DIST}faults`;

/** The directory of the fault image. */
export async function faultImage(): Promise<string> {
  await Deno.mkdir(OUTPUT, { recursive: true });
  const bundle = `${OUTPUT}/node.js`;
  const text = await bundleText();
  const known = await Deno.readTextFile(bundle).catch(() => "");
  const manifest = await Deno.stat(`${OUTPUT}/manifest.json`).catch(() => undefined);
  if (text === known && manifest) return OUTPUT;
  await Deno.writeTextFile(bundle, text);
  await run(Deno.execPath(), [
    ...["run", "-A", "mkimage/main.ts", "image"],
    ...["--bundle", bundle, "--output", OUTPUT],
  ]);
  return OUTPUT;
}

/** What starts a machine from the fault image, its line at the socket `path`. */
export async function faultMachine(path: string): Promise<{ image: string; args: string[] }> {
  const chardev = ["-chardev", `socket,id=fault,path=${path},server=on,wait=off`];
  return { image: await faultImage(), args: [...chardev, "-serial", "chardev:fault"] };
}

async function bundleText(): Promise<string> {
  const work = await Deno.makeTempDir({ prefix: "fault-image-" });
  try {
    const [forker, node] = [`${work}/forker`, `${work}/node.js`];
    await run("gcc", ["-static", "-O2", "-s", "-o", forker, "tests/boot/faults/forker.c"]);
    await run(Deno.execPath(), [
      ...["bundle", "--quiet", "-o", node, "tests/boot/faults/node.ts"],
    ]);
    const helper = Buffer.from(await Deno.readFile(forker)).toString("base64");
    return `globalThis.FORKER=${JSON.stringify(helper)};\n${await Deno.readTextFile(node)}`;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (success) return;
  const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  throw new Error(`Cannot build the fault image: ${command} failed: ${text.slice(-2000)}`);
}

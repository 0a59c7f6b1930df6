/**
 * The program of an installer image: puts the image's release on a disk. The node runs it in a
 * container; it has been verified by then, and the release's files beside it.
 *
 * @module
 */
import { readArguments } from "./arguments.ts";
import { hostDeps } from "./host.ts";
import { carryOutOrder } from "./installer.ts";

const encoder = new TextEncoder();
const say = (line: string) => void Deno.stdout.writeSync(encoder.encode(`${line}\n`));

try {
  await carryOutOrder(readArguments(Deno.args), hostDeps(say));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  Deno.exit(1);
}

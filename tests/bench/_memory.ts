import { type Node, textOf } from "../boot/node.ts";
import { type Memory, memoryOf } from "./_process.ts";

/** How a process of this project is called. */
const ROLE = /node\.js (\w+)$/;

/** Memory by role; PID 1 is machined. */
export async function memoryByRole({ machine }: Node): Promise<Record<string, Memory>> {
  const { messages } = await machine.processes({});
  const found: Record<string, Memory> = {};
  for (const { args, pid } of messages[0]?.processes ?? []) {
    const role = ROLE.exec(args.trim())?.[1];
    if (role === undefined) continue;
    found[role] = memoryOf(await textOf(machine.read({ path: `/proc/${pid}/smaps_rollup` })));
  }
  return found;
}

/** What QEMU is told and asked while a machine runs (QEMU Machine Protocol). */
import { createConnection, type Socket } from "node:net";

/** Gives one command, e.g. `system_powerdown`, to the monitor behind a socket; gives what it returns. */
export async function tellMonitor(
  path: string,
  command: string,
  args: Record<string, unknown> = {},
): Promise<unknown> {
  const socket = createConnection(path);
  try {
    await answer(socket, "QMP");
    let returned: unknown;
    for (const [execute, given] of [["qmp_capabilities", {}], [command, args]] as const) {
      socket.write(`${JSON.stringify({ execute, arguments: given })}\n`);
      returned = await answer(socket, "return");
    }
    return returned;
  } finally {
    socket.destroy();
  }
}

/** Waits for the message with this field, and gives the field; events are passed over. */
function answer(socket: Socket, field: "QMP" | "return"): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  let rest = "";
  const onData = (data: { toString(): string }) => {
    const lines = (rest + data.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.error) reject(new Error(`Cannot command the monitor: ${line}`));
      if (field in message) resolve(message[field]);
    }
  };
  const timer = setTimeout(() => reject(new Error("Cannot reach the monitor in 10 s")), 10_000);
  socket.on("data", onData);
  socket.once("error", reject);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off("data", onData);
  });
}

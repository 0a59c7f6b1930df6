/** What QEMU is told while a machine runs (QEMU Machine Protocol). */
import { createConnection, type Socket } from "node:net";

/** Sends one command, e.g. `system_powerdown`, to the monitor behind a socket. */
export async function tellMonitor(
  path: string,
  command: string,
  args: Record<string, unknown> = {},
): Promise<void> {
  const socket = createConnection(path);
  try {
    await answer(socket, /"QMP"/);
    for (const [execute, given] of [["qmp_capabilities", {}], [command, args]] as const) {
      socket.write(`${JSON.stringify({ execute, arguments: given })}\n`);
      await answer(socket, /"return"/);
    }
  } finally {
    socket.destroy();
  }
}

function answer(socket: Socket, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Cannot reach the monitor in 10 s")), 10_000);
    const onData = (data: { toString(): string }) => {
      const text = data.toString();
      if (text.includes('"error"')) reject(new Error(`Cannot command the monitor: ${text}`));
      if (!pattern.test(text)) return;
      clearTimeout(timer);
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
    socket.once("error", reject);
  });
}

import { chmod, chown, mkdir } from "node:fs/promises";
import { dirname } from "node:path/posix";
import type { ServiceImpl } from "@connectrpc/connect";
import { aborted } from "$lib/clock/mod.ts";
import { SOCKETS, UIDS } from "$lib/paths/mod.ts";
import { type Routes, serveUnix } from "$lib/rpc/mod.ts";
import type { Service } from "$lib/service/mod.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";

/** What the service of this very process needs. */
export interface MachinedDeps {
  readonly handlers: Partial<ServiceImpl<typeof MachineService>>;
  /** Further services on the same socket. */
  readonly more?: Routes;
  readonly log: (line: string) => void;
  readonly socket?: string;
  /** Who may call: the user and group of the socket and its directory. */
  readonly caller?: number;
}

/** This process: serves its APIs on its socket, to routerd alone. */
export function machinedService(deps: MachinedDeps): Service {
  const { handlers, more, log, socket = SOCKETS.machined, caller = UIDS.routerd } = deps;
  return {
    id: "machined",
    async prepare() {
      const directory = dirname(socket);
      await mkdir(directory, { recursive: true });
      await chmod(directory, 0o750);
      await chown(directory, 0, caller);
    },
    async run(signal, report) {
      const routes: Routes = (router) => {
        router.service(MachineService, handlers);
        more?.(router);
      };
      const server = await serveUnix(socket, routes, {
        uid: caller,
        onError: (path, error) => log(`${path} failed: ${describe(error)}`),
      });
      report.running(`Serving on ${socket}`);
      await aborted(signal);
      await server.close();
    },
  };
}

/** The error with its causes; stacks are in the log of the process alone. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `, caused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

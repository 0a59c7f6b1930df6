/**
 * The machine service of a node: one file a topic, each answering some methods of the service;
 * methods that no topic answers are Unimplemented.
 *
 * @module
 */
import type { ServiceImpl } from "@connectrpc/connect";
import type { MachineService } from "$proto/machine/machine_pb.ts";
import { CONTROLLER_LOG } from "../controllers/mod.ts";
import { configurationApi, type ConfigurationDeps } from "./configuration.ts";
import { containersApi, type ContainersDeps } from "./containers.ts";
import { copyApi } from "./copy.ts";
import { diskUsageApi } from "./disk_usage.ts";
import { dmesgApi, type KmsgSource } from "./dmesg.ts";
import { eventsApi, type EventsDeps } from "./events.ts";
import { BlockingCalls } from "./files/blocking.ts";
import { generateApi, type GenerateDeps } from "./generate.ts";
import { hostProc, hostStatfs } from "./host.ts";
import { hostnameApi, type HostnameDeps } from "./hostname.ts";
import { listApi } from "./list.ts";
import { logsApi, type LogsDeps } from "./logs.ts";
import { type FilesystemRoom, mountsApi } from "./mounts.ts";
import { powerApi, type PowerDeps } from "./power.ts";
import { processesApi } from "./processes.ts";
import { readApi } from "./read.ts";
import { servicesApi, type ServicesDeps } from "./services.ts";
import { statisticsApi } from "./statistics.ts";
import { versionApi, type VersionDeps } from "./version.ts";

export type { FilesystemRoom };
export type { KmsgReader, KmsgSource } from "./dmesg.ts";

/** All that the machine service needs from the rest of machined. */
export interface MachineServiceDeps
  extends
    VersionDeps,
    HostnameDeps,
    EventsDeps,
    Pick<LogsDeps, "logs">,
    ServicesDeps,
    PowerDeps,
    GenerateDeps,
    ContainersDeps,
    ConfigurationDeps {
  readonly kmsg: KmsgSource;
  /** The room in a filesystem; asked of the kernel unless told. */
  readonly statfs?: (path: string) => Promise<FilesystemRoom>;
}

/** A filesystem that takes longer to say its size is shown without one. */
const MEASURE_DEADLINE_MS = 2_000;

/** The handlers of the machine service, for `router.service(MachineService, …)`. */
export function machineService(
  deps: MachineServiceDeps,
): Partial<ServiceImpl<typeof MachineService>> {
  const { logs, services, kmsg } = deps;
  // Places of their own each: a filesystem that hangs must not take those of the kernel's counters.
  const calls = new BlockingCalls();
  const proc = hostProc(new BlockingCalls());
  const statfs = deps.statfs ?? hostStatfs(new BlockingCalls({ deadlineMs: MEASURE_DEADLINE_MS }));
  return {
    ...versionApi(deps),
    ...hostnameApi(deps),
    ...statisticsApi(proc),
    ...processesApi(proc),
    ...mountsApi({ ...proc, statfs }),
    ...listApi({ calls }),
    ...diskUsageApi({ calls }),
    ...readApi({ calls }),
    ...copyApi({ calls }),
    ...dmesgApi({ ...proc, kmsg }),
    ...logsApi({
      ...deps,
      logs,
      isService: (id) => id === CONTROLLER_LOG || services.find(id) !== undefined,
    }),
    ...containersApi(deps),
    ...eventsApi(deps),
    ...servicesApi(deps),
    ...powerApi(deps),
    ...configurationApi(deps),
    ...generateApi(deps),
  };
}

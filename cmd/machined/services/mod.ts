/**
 * The services of a node: each file says what one is, what it waits for and when it is healthy.
 *
 * @module
 */
import type { ProcessLauncher, Service } from "$lib/service/mod.ts";
import { buildInfo } from "$lib/version/mod.ts";
import { InspectService } from "$proto/inspect/inspect_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { inspectService } from "../api/inspect.ts";
import { machineService } from "../api/mod.ts";
import { storageService } from "../api/storage.ts";
import { resourceService } from "../api/resource.ts";
import type { ServiceRole } from "../launch/rights.ts";
import type { Machine } from "../machine.ts";
import { apidService } from "./apid.ts";
import { machinedService } from "./machined.ts";
import { networkdService } from "./networkd.ts";
import { routerdService } from "./routerd.ts";
import { timedService } from "./timed.ts";

/** Every service of the node. */
export function nodeServices(machine: Machine, launcher: ProcessLauncher<ServiceRole>): Service[] {
  const build = buildInfo();
  const runner = { launcher, logs: machine.logs };
  const handlers = machineService({
    ...machine,
    build: { ...build, sha: `${build.sha} (root hash ${machine.rootHash})` },
    platform: { name: "metal", mode: "metal" },
    hostname: () => Deno.hostname(),
  });
  return [
    machinedService({
      handlers,
      more(router) {
        router.service(ResourceService, resourceService(machine.runtime));
        router.service(InspectService, inspectService(machine.runtime));
        router.service(StorageService, storageService());
      },
      log: machine.log,
    }),
    networkdService(runner, machine),
    timedService(runner, machine),
    routerdService(runner, machine),
    apidService(runner, machine),
  ];
}

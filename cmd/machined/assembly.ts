/** Puts a machine together from the kernel's functions and the parts of this program. */
import { type KernelCmdline } from "$lib/cmdline/mod.ts";
import { find } from "$lib/cosi/mod.ts";
import { withMutex } from "$lib/etcd/mod.ts";
import { followFeed } from "$lib/daemon/mod.ts";
import { NETWORK_FEED } from "$lib/paths/mod.ts";
import { Endpoint, KUBERNETES_ENDPOINT, readNetworkStatus } from "$lib/resources/mod.ts";
import { EventRing, LogStore, ServiceManager, systemClock } from "$lib/service/mod.ts";
import { buildInfo } from "$lib/version/mod.ts";
import { clockState } from "$ffi/clock.ts";
import { loadModule } from "$ffi/module.ts";
import { mount, unmount } from "$ffi/mount.ts";
import { NetlinkSocket } from "$ffi/netlink.ts";
import { resizePartition } from "$ffi/partition.ts";
import { setLimit } from "$ffi/rlimit.ts";
import { growXfs } from "$ffi/xfs.ts";
import { kernelLogSource } from "./api/kernel_log.ts";
import { readApart } from "./config/apart.ts";
import { fetchConfig } from "./config/source.ts";
import { SavedConfig } from "./config/saved.ts";
import { ConfigStore } from "./config/store.ts";
import { hostVolumes } from "./config/host_volumes.ts";
import { readConfigVolume } from "./config/volume.ts";
import { hostKubernetes, type NodeRuntime, nodeRuntime } from "./controllers/mod.ts";
import { etcdParts } from "./etcd/parts.ts";
import { SharedAddresses } from "./etcd/shared_addresses.ts";
import type { Ground } from "./ground.ts";
import { API_CERTIFICATE_LIFETIME_MS, ApiIdentity } from "./identity/api_identity.ts";
import { askTrustd } from "./identity/ask_trustd.ts";
import { hostNames } from "./identity/host.ts";
import { ownNodeName } from "./kubelet/own_name.ts";
import { identityInputs } from "./identity/names.ts";
import { trustdEndpoints, trustSettings } from "./identity/trust.ts";
import { Voucher } from "./identity/voucher.ts";
import { nodeContainers } from "./containers/host.ts";
import { pullAhead } from "./containers/pull_ahead.ts";
import { ownKube } from "./kubernetes/own_kube.ts";
import { programLauncher } from "./launch/program.ts";
import type { Machine } from "./machine.ts";
import { writeConsole } from "./pid1/console.ts";
import { ConsolePage } from "./pid1/console_page.ts";
import { machineUuid, runningImage, signingKey } from "./pid1/image.ts";
import { machineLog } from "./pid1/log.ts";
import { PowerRequests } from "./pid1/power.ts";
import { Stage } from "./pid1/stage.ts";
import { firmwareTrust } from "./release/firmware.ts";
import { missingFrom } from "./release/gate.ts";
import { Installer } from "./release/installer.ts";
import { Releases } from "./release/releases.ts";
import { kernelSysctls } from "./pid1/sysctls.ts";
import { Sequencer } from "./sequences/engine.ts";
import { publishReport } from "./sequences/events.ts";
import { nodeServices } from "./services/mod.ts";
import { KernelModules } from "./tasks/modules.ts";

/** A machine, and the part of it that only PID 1's main handles. */
export interface Assembly {
  readonly machine: Machine;
  readonly page: ConsolePage;
}

const PAGE_PERIOD_MS = 5_000;
/** The multicast group of what the kernel tells of devices. */
const KERNEL_EVENTS = 1;
/** A start tells of every device at once. */
const UEVENT_BUFFER_BYTES = 1 << 20;
/** A holder that is gone for so long has lost what it shares. */
const ELECTION_SECONDS = 10;
const FOREVER = new AbortController().signal;

/**
 * Joins the parts. Nothing runs yet but the controllers and what keeps the certificate and the
 * console page fresh.
 *
 * @param record takes one record of the kernel log
 */
export async function assemble(
  cmdline: KernelCmdline,
  ground: Ground,
  record: (text: string) => void,
): Promise<Assembly> {
  const { poller } = ground;
  const logs = new LogStore();
  const log = machineLog(logs, record);
  const events = new EventRing();
  const config = new ConfigStore({ apart: (order) => readApart(order, Deno.mainModule) });
  const ownNames = () => hostNames(config.running.value?.config);
  const stage = new Stage();
  const identity = new ApiIdentity({
    inputs: () => identityInputs(config.running.value?.config, ownNames()),
    clock: systemClock,
    lifetimeMs: certificateLifetimeMs(cmdline),
    async askTrustd(request, signal) {
      const running = config.running.value?.config;
      const endpoints = trustdEndpoints(running, await controlPlanes(runtime));
      const clusterCa = running?.cluster.ca?.crt ?? "";
      return await askTrustd({ ...request, clusterCa, endpoints, now: () => new Date() }, signal);
    },
    log,
  });
  const voucher = new Voucher();
  const image = await runningImage();
  const services = new ServiceManager({ events, log });
  const modules = new KernelModules({
    directory: `/lib/modules/${Deno.osRelease()}`,
    loader: { loadModule },
    log,
  });
  const runtime = nodeRuntime({
    events,
    services,
    config,
    logs,
    clock: systemClock,
    host: ownNames,
    container: false,
    isClockRight: () => clockState().synchronized,
    network: (onFault, signal) => followFeed(NETWORK_FEED, readNetworkStatus, onFault, signal),
    kubernetes: hostKubernetes({ nodename: () => ownName(config) }),
  });
  const power = new PowerRequests();
  const savedConfig = new SavedConfig();
  const etcd = etcdParts({
    state: runtime.state,
    addresses: () => ownNames().addresses,
    hasState: () => savedConfig.available,
  });
  const sharedAddresses = new SharedAddresses({
    async lock(name, work, signal) {
      using member = await etcd.access.local();
      await withMutex(member, { name, ttlSeconds: ELECTION_SECONDS, signal }, work);
    },
    clock: systemClock,
    log,
  });
  const containers = nodeContainers(poller);
  const machine: Machine = {
    cmdline,
    version: buildInfo().tag,
    rootHash: image?.verity.rootHash ?? "unverified",
    log,
    logs,
    kmsg: kernelLogSource(poller),
    events,
    services,
    sequencer: new Sequencer({
      log,
      report: (report) => {
        stage.follow(report);
        publishReport(events, report);
      },
    }),
    config,
    savedConfig,
    runtime,
    etcd,
    sharedAddresses,
    identity,
    power,
    modules,
    sysctls: kernelSysctls,
    ground,
    disks: { resizePartition, growXfs },
    releases: new Releases({
      ...{ state: runtime.state, events, power, clock: systemClock, log },
      trialMs: trialMs(cmdline),
      missing: (record, signal) =>
        missingFrom({ services, ownKube: () => ownKube({ config, etcd }) }, record, signal),
    }),
    installer: new Installer({
      ...{ containerd: containers.system, images: containers.images, pipes: containers.pipes },
      ...{ signingKey, log, firmware: firmwareTrust },
    }),
    mounter: ground.mounter,
    containers,
    programs: programLauncher(ground.launching),
    openUevents() {
      const options = { groups: KERNEL_EVENTS, receiveBufferBytes: UEVENT_BUFFER_BYTES };
      const socket = new NetlinkSocket("KOBJECT_UEVENT", options);
      return {
        receive: (signal) => socket.receive(poller, signal),
        [Symbol.dispose]: () => socket.close(),
      };
    },
    limiter: { setOpenFiles: (limit) => setLimit("NOFILE", { soft: limit, hard: limit }) },
    fetchConfig: (url, signal) =>
      fetchConfig(url, { fetch, clock: systemClock, log, uuid: machineUuid }, signal),
    readConfigVolume: (signal) =>
      readConfigVolume(
        { modules, volumes: hostVolumes({ mount, unmount }), clock: systemClock, log },
        signal,
      ),
    hostNames: ownNames,
    trust: async () =>
      trustSettings(config.running.value?.config, {
        host: ownNames(),
        voucher: await voucher.of(config.running.value?.config),
        controlPlanes: await controlPlanes(runtime),
        lifetimeMs: certificateLifetimeMs(cmdline),
      }),
  };
  machine.services.load(...nodeServices(machine, ground.launcher));
  identity.keep(FOREVER);
  await runtime.start(FOREVER);
  sharedAddresses.run(config.running, FOREVER)
    .catch((error) => log(`cannot share addresses: ${error}`));
  pullAhead({ state: runtime.state, images: machine.containers.podImages, log }, FOREVER)
    .catch((error) => log(`cannot pull images ahead: ${error}`));
  return { machine, page: consolePageOf(machine, stage) };
}

function consolePageOf(machine: Machine, stage: Stage): ConsolePage {
  const page = new ConsolePage({
    summary: () => ({
      ...machine.hostNames(),
      stage: stage.name,
      version: machine.version,
      fingerprint: machine.identity.fingerprint,
      lastError: stage.lastError,
      maintenance: machine.identity.inMaintenance,
    }),
    write: writeConsole,
  });
  page.keep(PAGE_PERIOD_MS, FOREVER);
  return page;
}

/**
 * `talos.api.certlife=<seconds>` shortens the life of API certificates, to watch renewals happen;
 * it cannot lengthen it.
 */
function certificateLifetimeMs(cmdline: KernelCmdline): number {
  const seconds = Number(cmdline.last("talos.api.certlife"));
  const asked = Number.isFinite(seconds) && seconds >= 10 ? seconds * 1000 : Infinity;
  return Math.min(asked, API_CERTIFICATE_LIFETIME_MS);
}

/** The addresses of the control planes, as far as Kubernetes has told them. */
async function controlPlanes({ state }: NodeRuntime): Promise<readonly string[]> {
  return (await find(state, Endpoint, KUBERNETES_ENDPOINT))?.addresses ?? [];
}

/** How long a new release may take to prove itself, milliseconds. */
const TRIAL_MS = 10 * 60_000;

/** `talos.upgrade.trial=<seconds>` shortens the trial of a new release; it cannot lengthen it. */
function trialMs(cmdline: KernelCmdline): number {
  const seconds = Number(cmdline.last("talos.upgrade.trial"));
  return Number.isFinite(seconds) && seconds >= 1 ? Math.min(seconds * 1000, TRIAL_MS) : TRIAL_MS;
}

/** This machine's name in Kubernetes; without a configuration the one that it has. */
function ownName({ running }: ConfigStore): string {
  const config = running.value?.config;
  return config ? ownNodeName(config) : Deno.hostname();
}

import type { Command, Entry } from "$lib/cli/mod.ts";
import type { Session } from "../session.ts";

type Load = () => Promise<Command<Session>>;

function on(names: Entry<Session>["names"], load: Load): Entry<Session> {
  return { names, load };
}

function hidden(names: Entry<Session>["names"], load: Load): Entry<Session> {
  return { names, hidden: true, load };
}

/** Every command of talosctl; a command's file is loaded when it is run, completed or listed. */
export const COMMANDS: readonly Entry<Session>[] = [
  on(["apply-config", "apply"], async () => (await import("./apply_config.ts")).applyConfigCommand),
  on(["bootstrap"], async () => (await import("./bootstrap.ts")).bootstrapCommand),
  on(["cluster"], async () => (await import("./cluster.ts")).clusterCommand),
  on(["completion"], async () => (await import("./completion.ts")).completionCommand),
  on(["config"], async () => (await import("./config.ts")).configCommand),
  on(["containers", "c"], async () => (await import("./containers.ts")).containersCommand),
  on(["convert-k8s"], async () => (await import("./convert_k8s.ts")).convertK8sCommand),
  on(["copy", "cp"], async () => (await import("./copy.ts")).copyCommand),
  on(["crashdump"], async () => (await import("./crashdump.ts")).crashdumpCommand),
  on(["dashboard"], async () => (await import("./dashboard.ts")).dashboardCommand),
  on(["disks"], async () => (await import("./disks.ts")).disksCommand),
  on(["dmesg"], async () => (await import("./dmesg.ts")).dmesgCommand),
  on(["edit"], async () => (await import("./edit.ts")).editCommand),
  on(["etcd"], async () => (await import("./etcd.ts")).etcdCommand),
  on(["events"], async () => (await import("./events.ts")).eventsCommand),
  on(["gen"], async () => (await import("./gen.ts")).genCommand),
  on(["get", "g"], async () => (await import("./get.ts")).getCommand),
  on(["health"], async () => (await import("./health.ts")).healthCommand),
  on(["images"], async () => (await import("./images.ts")).imagesCommand),
  on(["inspect"], async () => (await import("./inspect.ts")).inspectCommand),
  on(["interfaces"], async () => (await import("./interfaces.ts")).interfacesCommand),
  on(["kubeconfig"], async () => (await import("./kubeconfig.ts")).kubeconfigCommand),
  on(["list", "ls"], async () => (await import("./list.ts")).listCommand),
  on(["logs"], async () => (await import("./logs.ts")).logsCommand),
  on(["memory", "m", "free"], async () => (await import("./memory.ts")).memoryCommand),
  on(["mounts", "mount"], async () => (await import("./mounts.ts")).mountsCommand),
  on(["patch"], async () => (await import("./patch.ts")).patchCommand),
  on(["processes", "p", "ps"], async () => (await import("./processes.ts")).processesCommand),
  on(["read"], async () => (await import("./read.ts")).readCommand),
  on(["reboot"], async () => (await import("./power.ts")).rebootCommand),
  on(["recover"], async () => (await import("./lifecycle.ts")).recoverCommand),
  on(["reset"], async () => (await import("./lifecycle.ts")).resetCommand),
  on(["restart"], async () => (await import("./restart.ts")).restartCommand),
  on(["rollback"], async () => (await import("./power.ts")).rollbackCommand),
  on(["routes", "route"], async () => (await import("./routes.ts")).routesCommand),
  on(["service", "services"], async () => (await import("./service.ts")).serviceCommand),
  on(["shutdown"], async () => (await import("./power.ts")).shutdownCommand),
  on(["stats"], async () => (await import("./stats.ts")).statsCommand),
  on(["time"], async () => (await import("./time.ts")).timeCommand),
  on(["upgrade"], async () => (await import("./lifecycle.ts")).upgradeCommand),
  on(["upgrade-k8s"], async () => (await import("./upgrade_k8s.ts")).upgradeK8sCommand),
  on(["usage", "du"], async () => (await import("./usage.ts")).usageCommand),
  on(["validate"], async () => (await import("./validate.ts")).validateCommand),
  on(["version"], async () => (await import("./version.ts")).versionCommand),
  hidden(["config-launch"], async () => (await import("./config_launch.ts")).configLaunchCommand),
  hidden(["docs"], async () => (await import("./docs.ts")).docsCommand),
  hidden(["__complete"], async () => (await import("./complete.ts")).completeCommand),
];

import { join } from "node:path";
import { exactly, flag } from "$lib/cli/mod.ts";
import {
  checkEndpoint,
  createAdminIdentity,
  createSecrets,
  generateConfigs,
  IMAGES,
  parseRegistryMirror,
} from "$lib/config/mod.ts";
import { addContext, contextOf, Talosconfig } from "$lib/talosconfig/mod.ts";
import { SECRET, statIfPresent, writeWhole } from "../files.ts";
import { command, type Session } from "../session.ts";

/** `talosctl gen config` */
export const genConfigCommand = command({
  summary: "Generates a set of configuration files for Talos cluster",
  description: `Generates a set of configuration files for Talos cluster

The cluster endpoint is the URL for the Kubernetes API. If you decide to use
a control plane node, common in a single node control plane setup, use port 6443 as
this is the port that the API server binds to on every control plane node. For an HA
setup, usually involving a load balancer, use the IP and port of the load balancer.`,
  args: exactly("<cluster-name> <cluster-endpoint>"),
  flags: {
    additionalSans: flag.list("additional Subject-Alt-Names for the APIServer certificate"),
    dnsDomain: flag.string("the dns domain to use for cluster", { fallback: "cluster.local" }),
    installDisk: flag.string("the disk to install to", { fallback: "/dev/sda" }),
    installImage: flag.string("the image used to perform an installation", {
      fallback: IMAGES.installer,
    }),
    kubernetesVersion: flag.string("desired kubernetes version to run"),
    outputDir: flag.string("destination to output generated files", { short: "o" }),
    persist: flag.boolean("the desired persist value for configs", { short: "p", fallback: true }),
    registryMirror: flag.list(
      "list of registry mirrors to use in format: <registry host>=<mirror URL>",
    ),
    talosVersion: flag.string(
      "the desired Talos version to generate config for (backwards compatibility, e.g. v0.8)",
    ),
    version: flag.string("the desired machine config version to generate", {
      fallback: "v1alpha1",
      choices: ["v1alpha1"],
    }),
  },
  async run(flags, session: Session, [clusterName = "", endpoint = ""]) {
    checkEndpoint(endpoint);
    const mirrors = flags.registryMirror.map(parseRegistryMirror);
    const { host } = session;
    const directory = flags.outputDir === "" ? "." : flags.outputDir;
    const found = await statIfPresent(host.files, directory);
    if (found && !found.isDirectory) {
      throw new Error(`Cannot write to "${directory}": it is not a directory`);
    }
    session.out.line("generating PKI and tokens");
    const now = new Date();
    const version = flags.talosVersion === "" ? {} : { talosVersion: flags.talosVersion };
    const secrets = await createSecrets({ now, ...version });
    const configs = generateConfigs({
      clusterName,
      endpoint,
      secrets,
      additionalSans: flags.additionalSans,
      dnsDomain: flags.dnsDomain,
      installDisk: flags.installDisk,
      installImage: flags.installImage,
      persist: flags.persist,
      ...version,
      ...(flags.kubernetesVersion === "" ? {} : {
        kubernetesVersion: flags.kubernetesVersion.replace(/^v/, ""),
      }),
      ...(mirrors.length === 0 ? {} : {
        registryMirrors: Object.fromEntries(
          mirrors.map(({ host, url }) => [host, { endpoints: [url] }]),
        ),
      }),
    });
    const admin = await createAdminIdentity({ ca: secrets.ca, now });
    const context = contextOf({ ca: secrets.ca.crt, ...admin }, { endpoints: ["127.0.0.1"] });
    const files = {
      "init.yaml": configs.init,
      "controlplane.yaml": configs.controlplane,
      "join.yaml": configs.join,
      talosconfig: addContext(Talosconfig.empty(), clusterName, context).toString(),
    };
    for (const [name, text] of Object.entries(files)) {
      const path = join(directory, name);
      await writeWhole(host.files, path, text, SECRET);
      session.out.line(`created ${path}`);
    }
  },
});

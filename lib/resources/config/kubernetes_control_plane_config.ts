import { define } from "../definition.ts";

/** A directory of the machine in a static pod. */
export interface ExtraVolume {
  readonly name: string;
  readonly hostPath: string;
  readonly mountPath: string;
  readonly readonly: boolean;
}

/** Settings of the API server. */
export interface ApiServerConfig {
  readonly image: string;
  readonly cloudProvider: string;
  readonly controlPlaneEndpoint: string;
  readonly etcdServers: readonly string[];
  readonly localPort: number;
  readonly serviceCIDR: string;
  readonly extraArgs: Readonly<Record<string, string>>;
  readonly extraVolumes: readonly ExtraVolume[];
}

/** Settings of the controller manager. */
export interface ControllerManagerConfig {
  readonly image: string;
  readonly cloudProvider: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly extraArgs: Readonly<Record<string, string>>;
  readonly extraVolumes: readonly ExtraVolume[];
}

/** Settings of the scheduler. */
export interface SchedulerConfig {
  readonly image: string;
  readonly extraArgs: Readonly<Record<string, string>>;
  readonly extraVolumes: readonly ExtraVolume[];
}

/** What the manifests that come with every cluster are made from. */
export interface SystemManifestsConfig {
  /** The URL of the API server. */
  readonly server: string;
  readonly clusterDomain: string;
  /** Separated by commas. */
  readonly podCIDRs: string;
  readonly firstPodCIDR: string;
  readonly proxyEnabled: boolean;
  readonly proxyImage: string;
  readonly proxyMode: string;
  readonly proxyExtraArgs: Readonly<Record<string, string>>;
  readonly coreDNSImage: string;
  readonly dnsServiceIP: string;
  readonly dnsServiceIPv6: string;
  readonly flannelEnabled: boolean;
  readonly flannelImage: string;
  readonly flannelCNIImage: string;
}

/** A manifest to fetch; lower priorities are applied first. */
export interface ExtraManifest {
  readonly url: string;
  readonly priority: string;
  readonly extraHeaders: Readonly<Record<string, string>>;
}

/** The manifests that the configuration asks for. */
export interface ExtraManifestsConfig {
  readonly extraManifests: readonly ExtraManifest[];
}

/** What each of the resources of the kind holds. */
export interface ControlPlaneConfigs {
  readonly "kube-apiserver": ApiServerConfig;
  readonly "kube-controller-manager": ControllerManagerConfig;
  readonly "kube-scheduler": SchedulerConfig;
  readonly "system-manifests": SystemManifestsConfig;
  readonly "extra-manifests": ExtraManifestsConfig;
}

/** Any of them. */
export type KubernetesControlPlaneConfigSpec = ControlPlaneConfigs[keyof ControlPlaneConfigs];

/** What the control plane is made from, by component. */
export const KubernetesControlPlaneConfig = define<KubernetesControlPlaneConfigSpec>({
  type: "KubernetesControlPlaneConfigs.config.talos.dev",
  namespace: "config",
  // Headers that extra manifests are fetched with may carry tokens.
  sensitive: true,
  view: (spec) => "server" in spec ? systemManifestsView(spec) : spec,
});

/** The field is named `string` on the wire: a slip of the first release that clients know. */
function systemManifestsView({ server, ...rest }: SystemManifestsConfig): unknown {
  return { string: server, ...rest };
}

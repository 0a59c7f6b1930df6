/** What a generated configuration may use, by the release it is generated for. */
export interface ConfigContract {
  /** 0.8 knew only RSA for the CAs of etcd and Kubernetes. */
  readonly ecdsaKeys: boolean;
  /** Since 0.9 the control plane runs as static pods, and needs secrets of its own. */
  readonly staticPods: boolean;
}

/** The contract of `--talos-version`, e.g. `v0.8`; none means this release. @throws {TypeError} */
export function contractOf(version?: string): ConfigContract {
  if (version === undefined || version === "") return { ecdsaKeys: true, staticPods: true };
  const [, major, minor] = /^v?(\d+)\.(\d+)(?:\.\d+(?:-[0-9A-Za-z.-]+)?)?$/.exec(version) ?? [];
  if (major === undefined || minor === undefined) {
    throw new TypeError(`invalid talos-version: error parsing version ${JSON.stringify(version)}`);
  }
  const recent = Number(major) > 0 || Number(minor) >= 9;
  return { ecdsaKeys: recent, staticPods: recent };
}

/** `machine.registries` as the files that containerd reads: a `hosts.toml` for each registry. */

/** Mirrors and settings of registries, as the machine configuration has them. */
export interface Registries {
  readonly mirrors?: Readonly<Record<string, { readonly endpoints: readonly string[] }>>;
  readonly config?: Readonly<Record<string, RegistrySettings>>;
}

/** How one registry host is spoken to. */
export interface RegistrySettings {
  readonly tls?: {
    /** Certificate and key shown to the registry, PEM. */
    readonly clientIdentity?: { readonly crt: string; readonly key: string };
    /** Another CA to trust, PEM. */
    readonly ca?: string;
    readonly insecureSkipVerify?: boolean;
  };
  readonly auth?: {
    readonly username?: string;
    readonly password?: string;
    /** User and password in one, base64. */
    readonly auth?: string;
    readonly identityToken?: string;
  };
}

/** A file below the directory of hosts; all of them may hold secrets. */
export interface HostsFile {
  readonly path: string;
  readonly text: string;
}

/** The name of every registry that has none of its own. */
const ANY = "*";
/** What containerd calls that. */
const ANY_DIRECTORY = "_default";

/** The files for `registries` below `directory`, and what of it cannot be done. */
export function registryHosts(
  registries: Registries,
  directory: string,
): { files: HostsFile[]; faults: string[] } {
  const { mirrors = {}, config = {} } = registries;
  const files: HostsFile[] = [];
  const faults: string[] = [];
  for (const [host, settings] of Object.entries(config)) {
    files.push(...certificateFiles(host, settings, directory));
    if (settings.auth?.identityToken) {
      faults.push(
        `machine.registries.config "${host}": identityToken is not supported; ` +
          `use username and password`,
      );
    }
  }
  for (const registry of new Set([...Object.keys(mirrors), ...Object.keys(config)])) {
    const name = registry === ANY ? ANY_DIRECTORY : registry;
    const endpoints = mirrors[registry]?.endpoints ?? [];
    const text = hostsToml(registry, endpoints, config, directory);
    files.push({ path: `${directory}/${name}/hosts.toml`, text });
  }
  return { files, faults };
}

function hostsToml(
  registry: string,
  endpoints: readonly string[],
  config: Readonly<Record<string, RegistrySettings>>,
  directory: string,
): string {
  const own = config[registry];
  const lines: string[] = [];
  if (registry !== ANY) {
    lines.push(`server = ${quoted(`https://${serverOf(registry)}`)}`);
    if (own) lines.push(...settingLines(registry, own, directory));
    if (own) lines.push(...headerLines("header", own));
  }
  for (const endpoint of endpoints) {
    const url = new URL(endpoint);
    const settings = config[url.host];
    lines.push("", `[host.${quoted(endpoint)}]`, 'capabilities = ["pull", "resolve"]');
    // A path of its own is the root of the registry's API there, with the version in it.
    if (url.pathname !== "/") lines.push("override_path = true");
    if (settings) {
      lines.push(...settingLines(url.host, settings, directory));
      lines.push(...headerLines(`host.${quoted(endpoint)}.header`, settings));
    }
  }
  return lines.join("\n") + "\n";
}

/** Docker's registry answers under another name than its images have. */
function serverOf(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

function settingLines(host: string, { tls }: RegistrySettings, directory: string): string[] {
  const lines: string[] = [];
  const path = (name: string) => quoted(certificatePath(directory, host, name));
  if (tls?.ca) lines.push(`ca = ${path("ca.crt")}`);
  if (tls?.clientIdentity) lines.push(`client = [[${path("client.crt")}, ${path("client.key")}]]`);
  if (tls?.insecureSkipVerify) lines.push("skip_verify = true");
  return lines;
}

/** The login as a header: containerd sends it to this host, and to who gives out tokens for it. */
function headerLines(table: string, { auth }: RegistrySettings): string[] {
  const login = auth?.auth ??
    (auth?.username === undefined ? undefined : base64(`${auth.username}:${auth.password ?? ""}`));
  return login === undefined ? [] : [`[${table}]`, `Authorization = ${quoted(`Basic ${login}`)}`];
}

function certificateFiles(
  host: string,
  { tls }: RegistrySettings,
  directory: string,
): HostsFile[] {
  const file = (name: string, text: string | undefined) =>
    text ? [{ path: certificatePath(directory, host, name), text }] : [];
  return [
    ...file("ca.crt", tls?.ca),
    ...file("client.crt", tls?.clientIdentity?.crt),
    ...file("client.key", tls?.clientIdentity?.key),
  ];
}

function certificatePath(directory: string, host: string, name: string): string {
  return `${directory}/${host === ANY ? ANY_DIRECTORY : host}/${name}`;
}

function base64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

/** A string of TOML: JSON's escapes are TOML's too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

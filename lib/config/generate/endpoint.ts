/** Port of the Kubernetes API where a URL names none in `gen config`'s suggestions. */
const API_PORT = 6443;

/** The parts of a URL's authority, told apart without resolving or normalising anything. */
export interface Authority {
  readonly host: string;
  readonly port: string;
}

/** `scheme://host:port/…` taken apart; scheme and port may be missing. IPv6 hosts lose their brackets. */
export function splitUrl(url: string): Authority & { readonly scheme: string; raw: string } {
  const [, scheme = "", rest = ""] = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(.*)$/s.exec(url) ?? [];
  const authority = rest.replace(/[/?#].*$/s, "").replace(/^.*@/s, "");
  const [, bracketed, plain, port = ""] =
    /^(?:\[([^\]]*)\]|((?:[^:]|:(?=.*:))*?))(?::([^:]*))?$/s.exec(authority) ?? [];
  return {
    scheme: scheme.toLowerCase(),
    raw: authority,
    host: bracketed ?? plain ?? authority,
    port,
  };
}

/** Why a control plane endpoint cannot be one, or `undefined` when it can. */
export function endpointFault(url: string): string | undefined {
  const { host, port, raw } = splitUrl(url);
  const colons = raw.split(":").length - 1;
  if (colons > 2 && !(raw.includes("[") && raw.includes("]"))) {
    return "IPv6 addresses MUST be enclosed by square brackets";
  }
  if (/[\s<>"\\^`{|}]/.test(raw) || /\[|\]/.test(host)) {
    return `parse ${JSON.stringify(url)}: invalid character in host name`;
  }
  if (host === "") return "hostname must not be blank";
  if (port === "") return undefined;
  if (!/^\d+$/.test(port)) return "port number must be numeric";
  const number = Number(port);
  return number >= 1 && number <= 65535 ? undefined : "port number must be between 1 and 65535";
}

/**
 * Checks the endpoint given to `gen config`, more strictly than a file's. @throws {TypeError} that
 * names what is missing and what to try.
 */
export function checkEndpoint(url: string): void {
  const { scheme, port } = splitUrl(url);
  const hint = `\ntry: ${JSON.stringify(suggestion(url))}`;
  if (scheme === "") {
    const what = port === "" ? "no scheme and port" : "no scheme";
    throw new TypeError(`${what} specified for the cluster endpoint URL${hint}`);
  }
  if (scheme !== "https") {
    throw new TypeError(`the control plane endpoint URL should have scheme https://${hint}`);
  }
  const fault = endpointFault(url);
  if (fault) throw new TypeError(`failed to parse the cluster endpoint URL: ${fault}`);
}

function suggestion(url: string): string {
  const { raw, port } = splitUrl(url);
  return `https://${raw}${port === "" ? `:${API_PORT}` : ""}`;
}

/** A registry mirror as `gen config --registry-mirror` takes it: `<host>=<url>`. @throws {TypeError} */
export function parseRegistryMirror(spec: string): { host: string; url: string } {
  const at = spec.indexOf("=");
  const host = spec.slice(0, at);
  const url = spec.slice(at + 1);
  if (at < 1 || url === "") {
    throw new TypeError(`invalid registry mirror spec: ${JSON.stringify(spec)}`);
  }
  return { host, url };
}

import assert from "node:assert/strict";
import { type Registries, registryHosts } from "./registry_hosts.ts";

function texts(registries: Registries): Record<string, string> {
  const { files } = registryHosts(registries, "/hosts");
  return Object.fromEntries(files.map(({ path, text }) => [path, text]));
}

Deno.test("registryHosts() tries mirrors in their order, then the registry itself", () => {
  const endpoints = ["http://10.0.2.2:5000/v2/ghcr.io", "https://mirror.local"];
  assert.equal(
    texts({ mirrors: { "ghcr.io": { endpoints } } })["/hosts/ghcr.io/hosts.toml"],
    `server = "https://ghcr.io"

[host."http://10.0.2.2:5000/v2/ghcr.io"]
capabilities = ["pull", "resolve"]
override_path = true

[host."https://mirror.local"]
capabilities = ["pull", "resolve"]
`,
  );
});

Deno.test("registryHosts() has one file for every registry without an entry", () => {
  const mirrors = { "*": { endpoints: ["https://mirror.local"] } };
  assert.equal(
    texts({ mirrors })["/hosts/_default/hosts.toml"],
    '\n[host."https://mirror.local"]\ncapabilities = ["pull", "resolve"]\n',
  );
});

Deno.test("registryHosts() shows login and certificates to the host they are for", () => {
  const settings = {
    tls: { ca: "CA", clientIdentity: { crt: "CRT", key: "KEY" }, insecureSkipVerify: true },
    auth: { username: "me", password: 'p"w' },
  };
  const mirrors = { "ghcr.io": { endpoints: ["https://mirror.local:5000"] } };
  const files = texts({ mirrors, config: { "mirror.local:5000": settings } });
  assert.equal(files["/hosts/mirror.local:5000/ca.crt"], "CA");
  assert.equal(files["/hosts/mirror.local:5000/client.key"], "KEY");
  assert.equal(
    files["/hosts/ghcr.io/hosts.toml"],
    `server = "https://ghcr.io"

[host."https://mirror.local:5000"]
capabilities = ["pull", "resolve"]
ca = "/hosts/mirror.local:5000/ca.crt"
client = [["/hosts/mirror.local:5000/client.crt", "/hosts/mirror.local:5000/client.key"]]
skip_verify = true
[host."https://mirror.local:5000".header]
Authorization = "Basic ${btoa('me:p"w')}"
`,
  );
  assert.match(
    files["/hosts/mirror.local:5000/hosts.toml"]!,
    /^server = .*\nca = [^]*\n\[header\]/,
  );
});

Deno.test("registryHosts() takes a login in one piece", () => {
  const config = { "a.b": { auth: { auth: "bWU6cHc=" } } };
  assert.match(texts({ config })["/hosts/a.b/hosts.toml"]!, /Authorization = "Basic bWU6cHc="/);
});

Deno.test("registryHosts() names what it cannot do, without the secret", () => {
  const config = { "a.b": { auth: { identityToken: "s3cret" } } };
  const { faults } = registryHosts({ config }, "/hosts");
  assert.match(faults.join(), /config "a\.b": identityToken is not supported/);
  assert.doesNotMatch(faults.join(), /s3cret/);
});

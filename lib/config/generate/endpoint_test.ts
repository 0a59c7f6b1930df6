import assert from "node:assert/strict";
import { checkEndpoint, endpointFault, parseRegistryMirror, splitUrl } from "./endpoint.ts";

const REFUSED = [
  [
    "192.168.0.1",
    'no scheme and port specified for the cluster endpoint URL\ntry: "https://192.168.0.1:6443"',
  ],
  [
    "192.168.0.1:2000",
    'no scheme specified for the cluster endpoint URL\ntry: "https://192.168.0.1:2000"',
  ],
  [
    "localhost:6443",
    'no scheme specified for the cluster endpoint URL\ntry: "https://localhost:6443"',
  ],
  [
    "http://192.168.0.1:2000",
    'the control plane endpoint URL should have scheme https://\ntry: "https://192.168.0.1:2000"',
  ],
  [
    "http://192.168.0.1",
    'the control plane endpoint URL should have scheme https://\ntry: "https://192.168.0.1:6443"',
  ],
  [
    "https://fd00::1:6443",
    "failed to parse the cluster endpoint URL: IPv6 addresses MUST be enclosed by square brackets",
  ],
  ["https://", "failed to parse the cluster endpoint URL: hostname must not be blank"],
] as const;

for (const [url, message] of REFUSED) {
  Deno.test(`checkEndpoint() refuses "${url}"`, () => {
    assert.throws(() => checkEndpoint(url), { name: "TypeError", message });
  });
}

for (
  const url of ["https://10.0.0.1", "https://a.b:1", "https://[::1]:65535", "HTTPS://a:6443/path"]
) {
  Deno.test(`checkEndpoint() takes "${url}"`, () => checkEndpoint(url));
}

const FAULTS: [string, string | undefined][] = [
  ["https://10.0.0.1:6443", undefined],
  ["10.0.0.1", undefined],
  ["https://a:0", "port number must be between 1 and 65535"],
  ["https://a:65536", "port number must be between 1 and 65535"],
  ["https://a:x", "port number must be numeric"],
  ["https://:6443", "hostname must not be blank"],
  ["https://[::1]", undefined],
  ["https://a b:1", 'parse "https://a b:1": invalid character in host name'],
];
for (const [url, want] of FAULTS) {
  Deno.test(`endpointFault() says "${want ?? "nothing"}" of "${url}"`, () => {
    assert.equal(endpointFault(url), want);
  });
}

Deno.test("splitUrl() takes brackets off an IPv6 host", () => {
  const { scheme, host, port } = splitUrl("https://[fd00::1]:6443/x?y");
  assert.deepEqual({ scheme, host, port }, { scheme: "https", host: "fd00::1", port: "6443" });
});

Deno.test("parseRegistryMirror() takes host=url, and names what is not that", () => {
  assert.deepEqual(parseRegistryMirror("docker.io=http://10.0.0.1:5000?a=b"), {
    host: "docker.io",
    url: "http://10.0.0.1:5000?a=b",
  });
  for (const spec of ["docker.io", "=http://x", "docker.io=", ""]) {
    const message = `invalid registry mirror spec: ${JSON.stringify(spec)}`;
    assert.throws(() => parseRegistryMirror(spec), { message });
  }
});

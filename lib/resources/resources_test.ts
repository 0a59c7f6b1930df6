import assert from "node:assert/strict";
import { parse } from "yaml";
import { find, MemoryState } from "$lib/cosi/mod.ts";
import {
  aliasesOf,
  Catalog,
  columnText,
  define,
  definitionId,
  definitionSpec,
  displayType,
  EtcdSecrets,
  KubernetesControlPlaneConfig,
  loggable,
  MachineConfig,
  MachineType,
  Namespace,
  NODE_DEFINITIONS,
  nodeCatalog,
  ResourceDefinition,
  RootSecrets,
  Service,
  specYaml,
  StaticPodStatus,
} from "./mod.ts";

/** The contract's list: type, display type, default namespace, aliases, columns. */
const CONTRACT: readonly (readonly [string, string, string, string, string])[] = [
  ["Namespaces.meta.cosi.dev", "Namespace", "meta", "ns", ""],
  ["ResourceDefinitions.meta.cosi.dev", "ResourceDefinition", "meta", "rd rds", ""],
  [
    "BootstrapStatuses.v1alpha1.talos.dev",
    "BootstrapStatus",
    "runtime",
    "bootstrapStatus bs",
    "Self Hosted",
  ],
  ["Services.v1alpha1.talos.dev", "Service", "runtime", "svc", "Running,Healthy"],
  ["TimeStatuses.v1alpha1.talos.dev", "TimeStatus", "runtime", "ts", "Synced"],
  [
    "UpgradeStatuses.v1alpha1.talos.dev",
    "UpgradeStatus",
    "runtime",
    "us",
    "Release,Slot,State,Message",
  ],
  ["MachineConfigs.config.talos.dev", "MachineConfig", "config", "mc mcs", ""],
  ["MachineTypes.config.talos.dev", "MachineType", "config", "mt mts", "Type"],
  [
    "KubernetesControlPlaneConfigs.config.talos.dev",
    "KubernetesControlPlaneConfig",
    "config",
    "kcpc kcpcs",
    "",
  ],
  ["Manifests.kubernetes.talos.dev", "Manifest", "controlplane", "", ""],
  ["ManifestStatuses.kubernetes.talos.dev", "ManifestStatus", "controlplane", "ms", ""],
  ["StaticPods.kubernetes.talos.dev", "StaticPod", "controlplane", "sp sps", ""],
  [
    "StaticPodStatuses.kubernetes.talos.dev",
    "StaticPodStatus",
    "controlplane",
    "podstatus sps",
    "Ready",
  ],
  [
    "SecretStatuses.kubernetes.talos.dev",
    "SecretStatus",
    "controlplane",
    "ss",
    "Ready,Secrets Version",
  ],
  ["EtcdSecrets.secrets.talos.dev", "EtcdSecret", "secrets", "es", ""],
  ["KubernetesSecrets.secrets.talos.dev", "KubernetesSecret", "secrets", "ks", ""],
  ["RootSecrets.secrets.talos.dev", "RootSecret", "secrets", "rootSecret rootSecrets rs", ""],
  // Beyond 0.9, as later releases have it.
  ["Endpoints.kubernetes.talos.dev", "Endpoint", "controlplane", "", "Addresses"],
  [
    "LinkStatuses.net.talos.dev",
    "LinkStatus",
    "network",
    "link links",
    "Type,Kind,Hw Addr,Operational State,Link State",
  ],
  [
    "AddressStatuses.net.talos.dev",
    "AddressStatus",
    "network",
    "address addresses",
    "Address,Link",
  ],
  [
    "RouteStatuses.net.talos.dev",
    "RouteStatus",
    "network",
    "route routes",
    "Destination,Gateway,Link,Metric",
  ],
  [
    "ResolverStatuses.net.talos.dev",
    "ResolverStatus",
    "network",
    "resolver resolvers",
    "Resolvers",
  ],
  [
    "HostnameStatuses.net.talos.dev",
    "HostnameStatus",
    "network",
    "hostname",
    "Hostname,Domainname",
  ],
  ["NodeAddresses.net.talos.dev", "NodeAddress", "network", "", "Addresses"],
];

Deno.test("NODE_DEFINITIONS are the kinds of the contract and those listed beyond it, none more", () => {
  const types = NODE_DEFINITIONS.map(({ type }) => type).sort();
  assert.deepEqual(types, CONTRACT.map(([type]) => type).sort());
});

for (const [type, display, namespace, short, columns] of CONTRACT) {
  Deno.test(`${display} has the contract's names, namespace and columns`, () => {
    const definition = NODE_DEFINITIONS.find((known) => known.type === type)!;
    assert.equal(displayType(definition), display);
    assert.equal(definition.namespace, namespace);
    assert.equal(definition.printColumns.map(({ name }) => name).join(","), columns);
    const plural = type.split(".")[0]!.toLowerCase();
    const derived = [plural, display.toLowerCase(), ...dotted(type)];
    const names = aliasesOf(definition).filter((alias) => !derived.includes(alias));
    assert.equal(names.join(" "), short);
    for (const alias of derived) assert.ok(aliasesOf(definition).includes(alias), alias);
  });
}

function dotted(type: string): string[] {
  const [first, second, third] = type.toLowerCase().split(".");
  return [`${first}.${second}`, `${first}.${second}.${third}`];
}

Deno.test("definitionSpec() of ResourceDefinition is the documented one", () => {
  assert.equal(
    specYaml(ResourceDefinition, definitionSpec(ResourceDefinition)),
    `type: ResourceDefinitions.meta.cosi.dev
displayType: ResourceDefinition
aliases:
    - resourcedefinitions
    - resourcedefinition
    - resourcedefinitions.meta
    - resourcedefinitions.meta.cosi
    - rd
    - rds
printColumns: []
defaultNamespace: meta
`,
  );
});

Deno.test("definitionSpec() of Service has its columns", () => {
  assert.deepEqual(parse(specYaml(ResourceDefinition, definitionSpec(Service))).printColumns, [
    { name: "Running", jsonPath: "{.running}" },
    { name: "Healthy", jsonPath: "{.healthy}" },
  ]);
});

Deno.test("Catalog has no ambiguous name but sps", () => {
  assert.deepEqual(nodeCatalog().ambiguous(), ["sps"]);
  assert.deepEqual(nodeCatalog().resolve("sps"), {
    kind: "ambiguous",
    types: ["StaticPods.kubernetes.talos.dev", "StaticPodStatuses.kubernetes.talos.dev"],
  });
});

for (const definition of NODE_DEFINITIONS) {
  Deno.test(`Catalog resolves every name of ${definition.type}, in any case`, () => {
    const catalog = nodeCatalog();
    for (const name of [definition.type, definitionId(definition), ...aliasesOf(definition)]) {
      if (name === "sps") continue;
      for (const written of [name, name.toUpperCase(), name.toLowerCase()]) {
        assert.deepEqual(catalog.resolve(written), { kind: "found", definition }, written);
      }
    }
  });
}

Deno.test("Catalog knows no other name", () => {
  for (const name of ["", "pods", "services.v1alpha2", "constructor", "__proto__"]) {
    assert.deepEqual(nodeCatalog().resolve(name), { kind: "unknown" });
  }
  assert.equal(nodeCatalog().hasNamespace("toString"), false);
});

Deno.test("Catalog takes later kinds that declare their aliases and leave old ones alone", () => {
  const later = define({
    type: "StatusPages.kubernetes.talos.dev",
    namespace: "controlplane",
    aliases: ["page"],
    initials: false,
  });
  assert.deepEqual(new Catalog([...NODE_DEFINITIONS, later]).ambiguous(), ["sps"]);
});

Deno.test("Catalog refuses a kind twice, and one without a namespace", () => {
  assert.throws(() => new Catalog([Service, Service]), /it is there already/);
  const lost = define({ type: "Things.example.org", namespace: "nowhere" });
  assert.throws(() => new Catalog([lost]), /no namespace "nowhere"/);
});

Deno.test("Catalog publishes every kind and seven namespaces", async () => {
  const state = new MemoryState();
  await nodeCatalog().publish(state);
  const kinds = await state.list(ResourceDefinition);
  assert.deepEqual(
    kinds.map(({ metadata }) => `${metadata.id} ${metadata.version} ${metadata.namespace}`),
    CONTRACT.map(([type]) => `${type.toLowerCase()} 1 meta`).sort(),
  );
  assert.deepEqual((await state.list(Namespace)).map(({ metadata }) => metadata.id), [
    "config",
    "controlplane",
    "extras",
    "meta",
    "network",
    "runtime",
    "secrets",
  ]);
  assert.deepEqual(await find(state, Namespace, "runtime"), {
    description: "Talos v1alpha1 subsystems glue resources.",
  });
});

Deno.test("define() refuses what is no type", () => {
  for (const type of ["services.v1alpha1.talos.dev", "Services", "S.x", "Ser_vices.x"]) {
    assert.throws(() => define({ type, namespace: "meta" }), TypeError);
  }
});

Deno.test("specYaml() of MachineConfig is the text as it was submitted", () => {
  const text = "version: v1alpha1 # Indicates the schema\n# a comment\nmachine: {}\n";
  assert.equal(specYaml(MachineConfig, { text, config: {} }), text);
});

Deno.test("specYaml() of a scalar, of keys and of a shared part", () => {
  assert.equal(specYaml(MachineType, "controlplane"), "controlplane\n");
  const pair = { crt: "CERT", key: "KEY" };
  assert.equal(
    specYaml(EtcdSecrets, { etcdPeer: pair }),
    "etcdPeer:\n    crt: Q0VSVA==\n    key: S0VZ\n",
  );
  const root = {
    name: "c",
    endpoint: "https://1.2.3.4:6443",
    certSANs: [],
    apiServerIPs: ["10.96.0.1"],
    dnsDomain: "cluster.local",
    ca: pair,
    serviceAccount: { key: "KEY" },
    aggregatorCA: pair,
    aesCBCEncryptionSecret: "s",
    bootstrapTokenID: "a",
    bootstrapTokenSecret: "b",
  };
  const view = parse(specYaml(RootSecrets, root));
  assert.deepEqual(view.aggregatorCA, { crt: "Q0VSVA==", key: "S0VZ" });
  assert.deepEqual(view.serviceAccount, { key: "S0VZ" });
  assert.equal(specYaml(Service, undefined), "");
});

Deno.test("specYaml() of the system manifests names the server as clients know it", () => {
  const view = KubernetesControlPlaneConfig.view({ server: "https://x:6443" } as never);
  assert.deepEqual(view, { string: "https://x:6443" });
});

Deno.test("loggable() hides specs of sensitive kinds alone", async () => {
  const state = new MemoryState();
  const secret = await state.create(EtcdSecrets, "etcd", {
    etcdPeer: { crt: "public", key: "private" },
  });
  assert.ok(!loggable(EtcdSecrets, secret).includes("private"));
  const open = await state.create(Service, "timed", { running: true, healthy: false });
  assert.match(loggable(Service, open), /\{"running":true,"healthy":false\}/);
});

const CONDITIONS = {
  conditions: [{ type: "Initialized", status: "True" }, { type: "Ready", status: "False" }],
};
for (
  const [spec, path, text] of [
    [{ running: true }, "{.running}", "true"],
    ["controlplane", "{@}", "controlplane"],
    [CONDITIONS, StaticPodStatus.printColumns[0]!.jsonPath, "False"],
    [{ conditions: [] }, StaticPodStatus.printColumns[0]!.jsonPath, ""],
    [{}, StaticPodStatus.printColumns[0]!.jsonPath, ""],
    [CONDITIONS, "{.conditions[*].type}", "Initialized Ready"],
    [{ a: { b: 1 } }, "{.a}", '{"b":1}'],
    [{ version: "" }, "{.version}", ""],
    [undefined, "{.version}", ""],
  ] as const
) {
  Deno.test(`columnText() of ${path} is "${text}" in ${JSON.stringify(spec)}`, () => {
    assert.equal(columnText(spec, path), text);
  });
}

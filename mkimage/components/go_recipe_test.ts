import assert from "node:assert/strict";
import {
  COREDNS_VERSION,
  ETCD_VERSION,
  FLANNEL_VERSION,
  KUBERNETES_VERSION,
} from "$lib/config/mod.ts";
import { COMPONENTS } from "./catalog.ts";
import type { GoComponent } from "./component.ts";
import { OLDER_KUBERNETES } from "./kubernetes.ts";
import { requiredVersion } from "./go_mod.ts";
import { buildArguments } from "./go_recipe.ts";

const COMPONENT: GoComponent = {
  name: "one",
  language: "go",
  folder: "one",
  module: "example.org/one",
  packages: ["example.org/one"],
};

Deno.test("buildArguments() links the version in, and C statically", () => {
  const args = buildArguments({
    ...COMPONENT,
    cgo: true,
    tags: ["seccomp", "netgo"],
    variables: (version) => ({ "main.version": version }),
  }, "v1.2.3");
  assert.deepEqual(args.slice(3), [
    ...["-tags", "seccomp,netgo", "-ldflags"],
    "-s -w -X main.version=v1.2.3 -linkmode external -extldflags -static",
  ]);
});

/** The version that a component's go.mod pins. */
async function pinned(name: string): Promise<string> {
  const component = COMPONENTS.find((one) => one.name === name);
  assert.ok(component?.language === "go");
  const goMod = new URL(`${component.folder}/go.mod`, import.meta.url);
  return requiredVersion(await Deno.readTextFile(goMod), component.module);
}

Deno.test("COMPONENTS pin the versions that a configuration's images default to", async () => {
  for (const name of ["kubelet", "kube-apiserver", "kube-proxy"]) {
    assert.equal(await pinned(name), `v${KUBERNETES_VERSION}`);
  }
  assert.equal(await pinned(`kubelet-${OLDER_KUBERNETES}`), `v${OLDER_KUBERNETES}`);
  assert.equal(await pinned("etcd"), `v${ETCD_VERSION}`);
  assert.equal(await pinned("flannel"), `v${FLANNEL_VERSION}`);
  assert.equal(await pinned("coredns"), `v${COREDNS_VERSION}`);
});

Deno.test("COMPONENTS name each of their go.mod's packages as a tool of it", async () => {
  for (const component of COMPONENTS) {
    if (component.language !== "go" || component.tests) continue;
    const goMod = await Deno.readTextFile(new URL(`${component.folder}/go.mod`, import.meta.url));
    for (const name of component.packages) {
      assert.match(goMod, new RegExp(`^(tool )?\\s*${name.replaceAll(".", "\\.")}$`, "m"));
    }
  }
});

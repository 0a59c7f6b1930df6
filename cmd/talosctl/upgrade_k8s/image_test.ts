import assert from "node:assert/strict";
import { parse } from "yaml";
import { changeImage, CONTROL_PLANE, imageRelease, KUBELET, retagged } from "./image.ts";
import { parseRelease } from "./path.ts";

const [apiServer, , scheduler] = CONTROL_PLANE;
const TO = parseRelease("1.35.4");
const CONFIG = `# mine
version: v1alpha1
machine:
    type: controlplane
    token: a
    kubelet: {}
cluster:
    controlPlane:
        endpoint: https://a:6443
    apiServer:
        image: mirror.example:5000/kube-apiserver:v1.35.3 # pinned
`;

Deno.test("changeImage() changes the tag alone where an image is named", () => {
  const { before, after, text } = changeImage(CONFIG, apiServer!, TO);
  assert.equal(before, "mirror.example:5000/kube-apiserver:v1.35.3");
  assert.equal(after, "mirror.example:5000/kube-apiserver:v1.35.4");
  assert.equal(text, CONFIG.replace("v1.35.3", "v1.35.4"));
});

Deno.test("changeImage() names the public image where the section or the image is missing", () => {
  const added = changeImage(CONFIG, scheduler!, TO);
  assert.deepEqual([added.before, added.after], ["", "registry.k8s.io/kube-scheduler:v1.35.4"]);
  assert.deepEqual(parse(added.text).cluster.scheduler, { image: added.after });
  assert.ok(added.text.startsWith("# mine\n"));
  const kubelet = changeImage(CONFIG, KUBELET, TO);
  assert.match(parse(kubelet.text).machine.kubelet.image, /\/kubelet:v1\.35\.4$/);
});

Deno.test("changeImage() leaves a configuration alone that is there already", () => {
  const { text } = changeImage(CONFIG, apiServer!, TO);
  assert.equal(changeImage(text, apiServer!, TO).text, text);
});

for (
  const [image, want] of [
    ["a/b:v1", "a/b:v2"],
    ["a:5000/b", "a:5000/b:v2"],
    ["a:5000/b:v1@sha256:00", "a:5000/b:v2"],
  ] as const
) {
  Deno.test(`retagged() makes ${want} of ${image}`, () =>
    assert.equal(retagged(image, "v2"), want));
}

Deno.test("imageRelease() reads the tag", () => {
  assert.equal(imageRelease("a:5000/kubelet:v1.35.4"), "1.35.4");
  assert.equal(imageRelease("a/kubelet:v1.35.4@sha256:00"), "1.35.4");
  assert.equal(imageRelease("a/kubelet:latest"), undefined);
});

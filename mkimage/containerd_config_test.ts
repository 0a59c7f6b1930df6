import assert from "node:assert/strict";
import { criContainerdConfig, systemContainerdConfig } from "./containerd_config.ts";

Deno.test("systemContainerdConfig() loads nothing of Kubernetes", () => {
  assert.match(systemContainerdConfig(), /^version = 3\n[^]*"io\.containerd\.grpc\.v1\.cri"/);
});

Deno.test("criContainerdConfig() keeps pulls on the transfer service", () => {
  // Any of these makes containerd pull its old way, which reads other settings.
  const text = criContainerdConfig();
  assert.doesNotMatch(
    text,
    /max_concurrent_downloads|discard_unpacked_layers|registry\.(configs|mirrors)/,
  );
  assert.doesNotMatch(text, /disabled_plugins[^\]]*io\.containerd\.(grpc|cri)/);
});

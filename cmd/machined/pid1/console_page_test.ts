import assert from "node:assert/strict";
import { ConsolePage, consolePage, type NodeSummary } from "./console_page.ts";

const SUMMARY: NodeSummary = {
  hostname: "node-a",
  addresses: ["10.0.2.15", "fe80::1"],
  stage: "running",
  version: "v0.1.0",
  fingerprint: "ab12",
  lastError: undefined,
  maintenance: false,
};

Deno.test("consolePage() names the node, its addresses, stage, version and fingerprint", () => {
  const text = consolePage(SUMMARY).join("\n");
  for (const part of ["node-a", "10.0.2.15, fe80::1", "running", "v0.1.0", "ab12"]) {
    assert.ok(text.includes(part), part);
  }
  assert.ok(!text.includes("last error"));
});

Deno.test("consolePage() never passes control characters to the terminal or leaves its width", () => {
  const lines = consolePage({ ...SUMMARY, lastError: `\x1b[2J${"x".repeat(300)}` });
  assert.ok(lines.every((line) => line.length <= 78));
  // deno-lint-ignore no-control-regex
  assert.ok(!/[\x00-\x1f]/.test(lines.join("")));
});

Deno.test("consolePage() gives the line that configures a machine that waits, within its width", () => {
  const fingerprint = "1cU2bv/DNyFMVFK1uMrfCnQd/yGKoZwB6hVtN8t2sXY=";
  const waits = { ...SUMMARY, maintenance: true, fingerprint };
  const lines = consolePage({ ...waits, addresses: ["fe80::1", "10.0.2.15"] });
  assert.ok(lines.every((line) => line.length <= 78));
  const command = lines.join("\n").replaceAll(/ \\\n */g, " ");
  assert.ok(
    command.includes(
      "talosctl apply-config --insecure --nodes 10.0.2.15 " +
        `--cert-fingerprint '${fingerprint}' --file controlplane.yaml`,
    ),
    command,
  );
  const early = consolePage({ ...waits, addresses: ["fe80::1"] }).join("\n");
  assert.match(early, /waits for a configuration, and for an address/);
});

Deno.test("ConsolePage writes again only when something changed", () => {
  const written: string[] = [];
  let stage = "boot";
  const page = new ConsolePage({
    summary: () => ({ ...SUMMARY, stage }),
    write: (text) => written.push(text),
  });
  page.refresh();
  page.refresh();
  stage = "running";
  page.refresh();
  assert.equal(written.length, 2);
});

import assert from "node:assert/strict";
import { defaultArguments, KernelCmdline } from "$lib/cmdline/mod.ts";
import { installArguments, upgradeArguments } from "./installer_arguments.ts";

const CMDLINE = KernelCmdline.parse(
  "slab_nomerge= pti=on talos.platform=metal talos.config=http://10.0.0.1/c console=tty0 console=ttyS0",
);
const INHERITED = [
  ...["--platform", "metal", "--config", "http://10.0.0.1/c"],
  ...["--console", "tty0", "--console", "ttyS0"],
];

Deno.test("installArguments() hands on where the machine runs, its configuration and its consoles", () => {
  assert.deepEqual(
    installArguments(CMDLINE, { disk: "/dev/vda", wipe: true, extraKernelArgs: ["-x=1", "quiet"] }),
    [
      ...["install", "--disk", "/dev/vda", "--wipe", ...INHERITED],
      ...["--extra-kernel-arg=-x=1", "--extra-kernel-arg=quiet"],
    ],
  );
  assert.deepEqual(installArguments(KernelCmdline.parse(""), { disk: "/dev/vda", wipe: false }), [
    ...["install", "--disk", "/dev/vda", "--platform", "metal"],
  ]);
});

Deno.test("upgradeArguments() takes extra arguments from the configuration, else from the running release", () => {
  const usual = defaultArguments({
    platform: "metal",
    config: "http://10.0.0.1/c",
    consoles: ["tty0", "ttyS0"],
  });
  const entry = { slot: "b", generation: 2, version: "v1", options: [...usual, "mine=1"] } as const;
  const upgrade = { disk: "/dev/vda", running: "b", entry } as const;
  const head = ["upgrade", "--disk", "/dev/vda", "--running", "b", ...INHERITED];
  const kept = upgradeArguments(CMDLINE, { ...upgrade, install: undefined });
  assert.deepEqual(kept, [...head, "--extra-kernel-arg=mine=1"]);
  const install = { wipe: false, extraKernelArgs: ["other=1"] };
  const said = upgradeArguments(CMDLINE, { ...upgrade, install });
  assert.deepEqual(said, [...head, "--extra-kernel-arg=other=1"]);
});

import assert from "node:assert/strict";
import { readArguments } from "./arguments.ts";

Deno.test("readArguments() reads an order, with the kernel's arguments as they will be", () => {
  const order = readArguments([
    ...["upgrade", "--disk", "/dev/nvme0n1", "--running", "b", "--platform", "metal"],
    ...["--config", "metal-iso", "--console", "tty0", "--console", "ttyS0"],
    ...["--extra-kernel-arg", "quiet"],
  ]);
  assert.deepEqual({ ...order, options: [] }, {
    ...{ command: "upgrade", disk: "/dev/nvme0n1", running: "b", wipe: false, options: [] },
    source: "/usr/install/amd64",
  });
  assert.deepEqual(order.options.slice(-5), [
    ...["talos.platform=metal", "talos.config=metal-iso", "console=tty0", "console=ttyS0", "quiet"],
  ]);
});

for (
  const [args, message] of [
    [[], /"" is neither install nor upgrade/],
    [["remove", "--disk", "/dev/vda"], /"remove" is neither/],
    [["install"], /Cannot install: --disk is ""/],
    [["install", "--disk", "vda"], /--disk is "vda", not a path below \/dev/],
    [["upgrade", "--disk", "/dev/vda", "--running", "c"], /--running is "c", not a or b/],
    [["install", "--force"], /--force/],
  ] as const
) {
  Deno.test(`readArguments() refuses "${args.join(" ")}"`, () => {
    assert.throws(() => readArguments(args), (error: Error) => {
      return error instanceof TypeError && message.test(error.message);
    });
  });
}

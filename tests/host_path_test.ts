import assert from "node:assert/strict";
import { delimiter, dirname } from "node:path";
import { hostPath } from "./host_path.ts";

Deno.test("hostPath() puts this runtime and the unpacked Go before the host's programs", async () => {
  const cache = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${cache}/go-1.2.3/go/bin`, { recursive: true });
    await Deno.mkdir(`${cache}/debian`);
    const host = (Deno.env.get("PATH") ?? "").split(delimiter);
    const runtime = dirname(Deno.execPath());
    assert.deepEqual((await hostPath(cache)).split(delimiter), [
      ...[runtime, `${cache}/go-1.2.3/go/bin`],
      ...host,
    ]);
    assert.deepEqual((await hostPath(`${cache}/none`)).split(delimiter), [runtime, ...host]);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

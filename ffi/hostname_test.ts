import assert from "node:assert/strict";
import { inOwnProcess, lacksProgram, rootTest } from "./testing.ts";

rootTest("setHostname() and setDomainName() name the machine, and refuse 65 bytes", async () => {
  const result = await inOwnProcess(
    `import { setDomainName, setHostname } from "$ffi/hostname.ts";
     setHostname("node-a"); setDomainName("cluster.test");
     let code; try { setHostname("x".repeat(65)); } catch (e) { code = (e as { code: string }).code; }
     const domain = Deno.readTextFileSync("/proc/sys/kernel/domainname").trim();
     console.log(JSON.stringify({ name: Deno.hostname(), domain, code }));`,
    ["unshare", "--uts"],
  );
  assert.deepEqual(result, { name: "node-a", domain: "cluster.test", code: "EINVAL" });
}, lacksProgram("unshare"));

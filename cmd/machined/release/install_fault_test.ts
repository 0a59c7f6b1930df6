import assert from "node:assert/strict";
import { argumentsFault, configurationFault, installationFault } from "./install_fault.ts";

const yes = () => Promise.resolve(true);
const no = () => Promise.resolve(false);

Deno.test("argumentsFault() names the field and the way out, with Secure Boot only", async () => {
  const install = { extraKernelArgs: ["quiet"] };
  assert.equal(await argumentsFault(install, { hasSecureBoot: no }), undefined);
  assert.equal(await argumentsFault({ extraKernelArgs: [] }, { hasSecureBoot: yes }), undefined);
  assert.equal(await argumentsFault(undefined, { hasSecureBoot: yes }), undefined);
  assert.match(
    await argumentsFault(install, { hasSecureBoot: yes }) ?? "",
    /machine\.install\.extraKernelArgs: with Secure Boot .* mkimage installer --extra-kernel-arg/,
  );
});

for (
  const { name, disk, hasUefi, fault, want } of [
    { name: "nothing without a disk", disk: "", hasUefi: no, fault: undefined, want: undefined },
    { name: "nothing", disk: "/dev/vda", hasUefi: yes, fault: undefined, want: undefined },
    {
      ...{ name: "the firmware", disk: "/dev/vda", hasUefi: no, fault: undefined },
      want: "Cannot install to /dev/vda: this machine was not started by UEFI",
    },
    {
      ...{ name: "the disk", disk: "/dev/vda", hasUefi: yes, fault: "it is read-only" },
      want: "Cannot install to /dev/vda: it is read-only",
    },
  ]
) {
  Deno.test(`installationFault() finds ${name} in the way`, async () => {
    const diskFault = () => Promise.resolve(fault);
    const deps = { hasUefi, hasSecureBoot: no, diskFault };
    assert.equal(await installationFault({ disk, wipe: false }, deps), want);
  });
}

Deno.test("configurationFault() looks at the disk only of a machine that would be installed", async () => {
  const diskFault = () => Promise.resolve("it is not blank");
  const uefi = { hasUefi: yes, hasSecureBoot: no, diskFault };
  const install = { disk: "/dev/vda", wipe: false };
  const fault = "Cannot install to /dev/vda: it is not blank";
  assert.equal(await configurationFault(install, true, uefi), fault);
  assert.equal(await configurationFault(install, false, uefi), undefined);
  assert.equal(await configurationFault(install, true, { ...uefi, hasUefi: no }), undefined);
  const linked = { ...install, disk: "/dev/disk/by-id/virtio-1" };
  assert.equal(await configurationFault(linked, true, uefi), undefined);
  const more = { ...install, extraKernelArgs: ["quiet"] };
  const locked = { ...uefi, hasSecureBoot: yes };
  assert.match(await configurationFault(more, false, locked) ?? "", /extraKernelArgs/);
});

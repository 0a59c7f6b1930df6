import assert from "node:assert/strict";
import { AliasMatcher, loadOrder, type ModuleIndex, moduleName } from "./mod.ts";

const INDEX: ModuleIndex = {
  modules: {
    virtio: { file: "virtio.ko", depends: [], aliases: [] },
    virtio_pci: {
      file: "virtio_pci.ko",
      depends: ["virtio", "virtio-ring"],
      aliases: ["pci:v00001AF4d*sv*sd*bc*sc*i*"],
    },
    virtio_ring: { file: "virtio_ring.ko", depends: ["virtio"], aliases: [] },
    e1000: { file: "e1000.ko", depends: [], aliases: ["pci:v00008086d0000100[EF]sv*sd*bc*sc*i*"] },
    broken: { file: "broken.ko", depends: ["nowhere"], aliases: [] },
  },
  always: [],
};

Deno.test("loadOrder() puts every module after what it depends on, once", () => {
  assert.deepEqual(loadOrder(INDEX, ["virtio-pci", "virtio_ring"]), [
    "virtio",
    "virtio_ring",
    "virtio_pci",
  ]);
});

Deno.test("loadOrder() names the module that the image lacks and who wanted it", () => {
  assert.throws(() => loadOrder(INDEX, ["broken"]), /module "broken": the image has no "nowhere"/);
});

Deno.test("AliasMatcher finds the driver of a device", () => {
  const matcher = new AliasMatcher(INDEX);
  const device = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00";
  assert.deepEqual(matcher.match(device), ["e1000"]);
  assert.deepEqual(matcher.match(device.replace("100E", "100D")), []);
  assert.deepEqual(matcher.match("acpi:PNP0C0C:"), []);
});

Deno.test("AliasMatcher reads every wildcard as fnmatch(3) does", () => {
  const fits = (alias: string, device: string) => {
    const one = { file: "x.ko", depends: [], aliases: [alias] };
    return new AliasMatcher({ modules: { x: one }, always: [] }).match(device).length === 1;
  };
  for (
    const [alias, device, want] of [
      ["platform:rtc", "platform:rtc", true],
      ["platform:rtc", "platform:rtc2", false],
      ["usb:v*p00A1*", "usb:v1234p00A1d01", true],
      ["usb:v*p00A1*", "usb:v1234p00A", false],
      ["cpu:*feature:*0099*", "cpu:type:x86,feature:,0001,0099", true],
      // The last part may not be found in what an earlier one took.
      ["pci:*ab*ba", "pci:aba", false],
      ["pci:*ab*ba", "pci:abba", true],
      ["acpi*:PNP0?0C:*", "acpi:PNP0C0C:", false],
      ["acpi:PNP0?0C:*", "acpi:PNP0C0C:", true],
      ["pci:v00001AF4d0000100[0-9]sv*", "pci:v00001AF4d00001005sv1", true],
    ] as const
  ) assert.equal(fits(alias, device), want, `${alias} on ${device}`);
});

Deno.test("moduleName() spells - and _ alike", () => {
  assert.equal(moduleName("dm-mod"), "dm_mod");
});

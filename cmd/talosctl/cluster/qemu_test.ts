import assert from "node:assert/strict";
import { DEFAULT_NETWORK, planNetwork } from "./network.ts";
import { machineFile, nodeCmdline, qemuArguments, qemuFault, type QemuSpec } from "./qemu.ts";

const KERNEL = {
  kind: "kernel",
  kernel: "/images/vmlinuz",
  initrd: "/images/initramfs.xz",
  cmdline: 'a=b c="d e"',
} as const;

const SPEC: QemuSpec = {
  node: {
    name: "c-master-1",
    type: "controlplane",
    address: "127.0.0.2",
    ip: "10.0.2.15",
    uuid: "0b5a0a3e-0a3e-4a3e-8a3e-0a3e0a3e0a3e",
    cpus: 2,
    memoryBytes: 2 ** 31,
    diskBytes: 6 * 2 ** 30,
  },
  arch: "amd64",
  accelerator: "tcg",
  directory: "/state/a,b",
  boot: KERNEL,
  stateDisk: true,
  userDisks: [],
  network: planNetwork(DEFAULT_NETWORK),
};

/** The value that follows `flag`, for each time it is given. */
function values(args: readonly string[], flag: string): string[] {
  return args.flatMap((arg, index) => arg === flag ? [args[index + 1] ?? ""] : []);
}

Deno.test("qemuArguments() forwards both APIs on the node's own address only", () => {
  assert.deepEqual(values(qemuArguments(SPEC), "-netdev"), [
    "user,id=net,net=10.0.2.0/24,host=10.0.2.2,dns=10.0.2.3,dhcpstart=10.0.2.15," +
    "hostfwd=tcp:127.0.0.2:50000-:50000,hostfwd=tcp:127.0.0.2:6443-:6443",
  ]);
});

Deno.test("qemuArguments() give a machine that is alone the network that was asked for", () => {
  const network = planNetwork({ ...DEFAULT_NETWORK, cidr: "172.20.0.0/16", mtu: 1400 });
  const args = qemuArguments({ ...SPEC, network });
  assert.match(
    values(args, "-netdev")[0] ?? "",
    /net=172.20.0.0\/16,host=172.20.0.2,dns=172.20.0.3,dhcpstart=172.20.0.15,/,
  );
  assert.ok(values(args, "-device").includes("virtio-net-pci,netdev=net,host_mtu=1400"));
});

Deno.test("qemuArguments() doubles the commas of paths", () => {
  const args = qemuArguments(SPEC);
  assert.deepEqual(values(args, "-chardev"), [
    "file,id=console,path=/state/a,,b/console.log,append=on",
  ]);
  assert.deepEqual(values(args, "-qmp"), ["unix:/state/a,,b/monitor.sock,server=on,wait=off"]);
});

Deno.test("qemuArguments() names the disk for STATE, the second one", () => {
  const disks = values(qemuArguments(SPEC), "-device").filter((it) => it.startsWith("virtio-blk"));
  assert.deepEqual(disks, [
    "virtio-blk-pci,drive=disk",
    "virtio-blk-pci,drive=state,serial=STATE",
  ]);
});

const UEFI = {
  ...SPEC,
  firmware: { code: "/uefi/code,4M.fd", variables: "/uefi/variables.fd" },
  stateDisk: false,
} as const;

for (
  const { boot, drives, devices } of [
    {
      boot: { kind: "iso", path: "/a,b.iso" },
      drives: ["if=none,id=cd,format=raw,media=cdrom,readonly=on,file=/a,,b.iso"],
      devices: ["ide-cd,drive=cd,bootindex=2", "virtio-net-pci,netdev=net"],
    },
    {
      boot: { kind: "disk", image: "/disk.qcow2" },
      drives: [],
      devices: ["virtio-net-pci,netdev=net"],
    },
    {
      boot: { kind: "pxe", script: "http://10.0.2.2:1/pxe/boot.ipxe" },
      drives: [],
      devices: ["virtio-net-pci,netdev=net,bootindex=2"],
    },
  ] as const
) {
  Deno.test(`qemuArguments() boots from the disk, and by ${boot.kind} where it cannot`, () => {
    const args = qemuArguments({ ...UEFI, boot });
    assert.deepEqual(values(args, "-drive"), [
      "if=pflash,format=raw,unit=0,readonly=on,file=/uefi/code,,4M.fd",
      "if=pflash,format=raw,unit=1,file=/state/a,,b/variables.fd",
      "if=none,id=disk,format=raw,file=/state/a,,b/disk.raw,discard=unmap,cache=unsafe",
      ...drives,
    ]);
    assert.deepEqual(
      values(args, "-device").filter((it) => /^(virtio-blk|virtio-net|ide)/.test(it)),
      ["virtio-blk-pci,drive=disk,bootindex=1", ...devices],
    );
    assert.match(machineFile({ ...UEFI, boot }), /^\[machine\]\n {2}type = "q35"\n$/);
    const [network = ""] = values(args, "-netdev");
    assert.equal(
      network.endsWith(",bootfile=http://10.0.2.2:1/pxe/boot.ipxe"),
      boot.kind === "pxe",
    );
  });
}

Deno.test("qemuArguments() picks CPU and accelerator for each way to run", () => {
  assert.deepEqual(values(qemuArguments(SPEC), "-cpu"), ["Nehalem,model=28"]);
  assert.deepEqual(values(qemuArguments(SPEC), "-accel"), ["tcg,thread=multi"]);
  const kvm = qemuArguments({ ...SPEC, accelerator: "kvm" });
  assert.deepEqual([values(kvm, "-accel"), values(kvm, "-cpu")], [["kvm"], ["host"]]);
});

Deno.test("qemuArguments() says nothing of where the configuration is to be had", () => {
  const cmdline = nodeCmdline("amd64", { config: "http://10.0.2.2:1/secret/config.yaml" });
  const spec: QemuSpec = { ...SPEC, boot: { ...KERNEL, cmdline } };
  assert.ok(!qemuArguments(spec).join(" ").includes("secret"));
  assert.ok(machineFile(spec).includes("http://10.0.2.2:1/secret/config.yaml"));
});

Deno.test("nodeCmdline() names no configuration where none is served", () => {
  assert.doesNotMatch(nodeCmdline("amd64", { more: ["ip=x"] }), /talos\.config/);
});

Deno.test("nodeCmdline() has the hardening the boot asks for and the node's own arguments", () => {
  const words = nodeCmdline("amd64", { config: "http://x/c" }).split(" ");
  for (
    const word of ["slab_nomerge=", "pti=on", "panic=10", "talos.platform=metal"]
      .concat(["talos.config=http://x/c", "console=ttyS0"])
  ) assert.ok(words.includes(word), word);
});

Deno.test("machineFile() quotes what QEMU reads", () => {
  assert.equal(
    machineFile(SPEC),
    '[machine]\n  type = "q35"\n  kernel = "/images/vmlinuz"\n' +
      '  initrd = "/images/initramfs.xz"\n  append = "a=b c=\\"d e\\""\n',
  );
});

for (
  const [stderr, want] of [
    [
      "qemu-system-x86_64: -netdev user,…: Could not set up host forwarding rule 'tcp:127.0.0.2:6443-:6443'\n",
      "port 127.0.0.2:6443 is taken, end what listens there and create the cluster again",
    ],
    ["qemu: cannot set up guest memory 'pc.ram': Cannot allocate memory\n", /lower --memory/],
    ["qemu: write failed: No space left on device\n", /disk is full/],
    [
      "warning: x\nqemu: could not load kernel '/x': bad\n",
      "qemu: could not load kernel '/x': bad",
    ],
    ["", "it gave no reason"],
  ] as const
) {
  Deno.test(`qemuFault() explains "${stderr.slice(0, 40).trim()}"`, () => {
    const fault = qemuFault(stderr);
    if (typeof want === "string") assert.equal(fault, want);
    else assert.match(fault, want);
  });
}

Deno.test("qemuArguments() give the user's disks after the machine's own, each with a number", () => {
  const disk = { partitions: [{ mountpoint: "/var/mnt/data", size: 2 ** 30 }] };
  const args = qemuArguments({ ...SPEC, userDisks: [disk, disk] });
  assert.deepEqual(values(args, "-device").filter((device) => device.startsWith("virtio-blk")), [
    "virtio-blk-pci,drive=disk",
    "virtio-blk-pci,drive=state,serial=STATE",
    "virtio-blk-pci,drive=user-1,serial=user-1",
    "virtio-blk-pci,drive=user-2,serial=user-2",
  ]);
  assert.ok(values(args, "-drive").some((drive) => drive.includes("file=/state/a,,b/user-2.raw")));
});

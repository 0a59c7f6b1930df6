/**
 * Which kernel modules an image carries, by purpose. A name that the flavour's kernel has built in, or
 * does not have, is left out. Dependencies follow by themselves.
 */

/** Loaded in the initramfs, in this order, before the root filesystem is mounted. */
export const EARLY_MODULES: readonly string[] = [
  // The watchdog first: from here on a hang ends in a reset.
  "i6300esb",
  // The root filesystem.
  "loop",
  "squashfs",
  "overlay",
  "dm_mod",
  "dm_verity",
  // Hardware of virtual machines and the common disk controllers.
  "virtio_pci",
  "virtio_net",
  "virtio_blk",
  "virtio_scsi",
  "sd_mod",
  "ahci",
  "nvme",
  "e1000",
  // The ACPI power button and the console's keys.
  "button",
  "evdev",
  // Firmware's variables, where there is UEFI.
  "efivarfs",
];

/** In the root filesystem and loaded on every node. */
export const ALWAYS_MODULES: Readonly<Record<string, readonly string[]>> = {
  // libcrc32c, below xfs and netfilter, asks the crypto API for it when it starts: not a symbol.
  checksums: ["crc32c_generic"],
  filesystems: ["xfs", "vfat", "nls_cp437", "nls_iso8859_1", "nls_ascii", "isofs", "configfs"],
  disks: [
    "dm_mod",
    "dm_crypt",
    "dm_snapshot",
    "dm_thin_pool",
    "aesni_intel",
    "xts",
    // xts asks the crypto API for it.
    "ecb",
    "essiv",
    "gcm",
    "sr_mod",
  ],
  containers: ["overlay", "br_netfilter", "bridge", "veth", "tun", "fuse", "nf_conntrack"],
  links: ["8021q", "bonding", "dummy", "vxlan", "geneve", "wireguard", "ipvlan", "macvlan", "vrf"],
  tunnels: ["ip_gre", "ipip", "sit", "ip6_tunnel", "ip_tunnel"],
  nftables: [
    ...[
      "nf_tables",
      "nfnetlink",
      "nft_compat",
      "nft_ct",
      "nft_chain_nat",

      "nft_fib",
    ],
    ...["nft_fib_inet", "nft_fib_ipv4", "nft_fib_ipv6", "nft_hash", "nft_limit", "nft_log"],
    ...["nft_masq", "nft_nat", "nft_numgen", "nft_objref", "nft_queue", "nft_quota", "nft_redir"],
    ...["nft_reject", "nft_reject_inet", "nft_reject_ipv4", "nft_reject_ipv6", "nft_tproxy"],
    ...["nft_socket", "nft_connlimit", "nft_dup_ipv4", "nft_fwd_netdev", "nft_flow_offload"],
  ],
  iptables: [
    ...[
      "ip_tables",
      "ip6_tables",
      "iptable_filter",
      "iptable_nat",
      "iptable_mangle",
      "iptable_raw",
    ],
    ...["ip6table_filter", "ip6table_nat", "ip6table_mangle", "ip6table_raw", "ipt_REJECT"],
    ...["ip6t_REJECT", "ip_set", "ip_set_hash_ip", "ip_set_hash_net", "ip_set_hash_ipport"],
    ...["ip_set_hash_ipportip", "ip_set_hash_ipportnet", "ip_set_bitmap_port", "xt_set"],
    ...["xt_addrtype", "xt_comment", "xt_conntrack", "xt_mark", "xt_multiport", "xt_nat"],
    ...["xt_MASQUERADE", "xt_REDIRECT", "xt_LOG", "xt_NFLOG", "xt_limit", "xt_hashlimit"],
    ...[
      "xt_physdev",
      "xt_recent",
      "xt_socket",
      "xt_state",
      "xt_statistic",
      "xt_string",
      "xt_tcpudp",
    ],
    ...[
      "xt_TPROXY",
      "xt_TCPMSS",
      "xt_CT",
      "xt_connmark",
      "xt_u32",
      "xt_owner",
      "xt_ipvs",
      "xt_bpf",
    ],
    ...["nf_conntrack_netlink", "xt_cgroup", "xt_length", "xt_mac", "xt_pkttype", "xt_tcpmss"],
  ],
  ipvs: ["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "ip_vs_lc"],
  scheduling: ["sch_fq", "sch_fq_codel", "sch_htb", "sch_ingress", "cls_bpf", "act_mirred", "ifb"],
  monitoring: ["inet_diag", "tcp_diag", "udp_diag", "unix_diag", "netlink_diag", "tcp_bbr"],
  clocks: ["ptp", "ptp_kvm", "rtc_cmos"],
};

/** In the root filesystem and loaded when a device asks for them by its modalias. */
export const DRIVER_MODULES: Readonly<Record<string, readonly string[]>> = {
  "virtual machines": [
    ...["virtio_pci", "virtio_mmio", "virtio_net", "virtio_blk", "virtio_scsi", "virtio_balloon"],
    ...["virtio_console", "virtio_rng", "9pnet_virtio", "9p", "virtiofs", "hv_vmbus", "hv_netvsc"],
    ...["hv_storvsc", "hv_utils", "hv_balloon", "vmxnet3", "vmw_pvscsi", "vmw_balloon", "ena"],
    ...["xen_blkfront", "xen_netfront", "gve"],
  ],
  "watchdogs": ["i6300esb", "iTCO_wdt", "sp5100_tco", "softdog", "ipmi_watchdog", "wdat_wdt"],
  "disk controllers": [
    ...["ahci", "ata_piix", "ata_generic", "nvme", "sd_mod", "megaraid_sas", "mpt3sas", "hpsa"],
    ...["aacraid", "smartpqi", "isci", "mptsas", "mptspi", "sym53c8xx", "arcmsr"],
  ],
  "USB and SD storage": [
    ...[
      "xhci_pci",
      "ehci_pci",
      "uhci_hcd",
      "ohci_pci",
      "usb_storage",
      "uas",
      "usbhid",
      "hid_generic",
    ],
    ...["sdhci_pci", "sdhci_acpi", "mmc_block"],
  ],
  "network adapters": [
    ...["e1000", "e1000e", "igb", "igc", "ixgbe", "ixgbevf", "i40e", "iavf", "ice"],
    ...["tg3", "bnxt_en", "mlx4_core", "mlx4_en", "mlx5_core", "r8169", "8139cp"],
    ...["8139too", "atlantic", "alx", "atl1c", "cxgb4", "enic", "be2net", "qlcnic", "sfc"],
    ...[
      "forcedeth",
      "sky2",
      "skge",
      "via_rhine",
      "pcnet32",

      "tehuti",
      "realtek",
      "bcm_phy_lib",
    ],
    ...["broadcom", "marvell", "r8152", "ax88179_178a", "cdc_ether", "cdc_ncm", "usbnet"],
  ],
  "board": [
    ...["button", "evdev", "i2c_i801", "i2c_piix4", "acpi_power_meter", "coretemp", "k10temp"],
    ...["ipmi_si", "ipmi_devintf", "ipmi_ssif", "intel_rapl_msr", "tpm_tis", "tpm_crb"],
    ...["ghash_clmulni_intel", "crc32_pclmul", "crc32c_intel", "crct10dif_pclmul", "sha512_ssse3"],
    ...["qemu_fw_cfg", "pvpanic_pci", "vfio_pci"],
  ],
};

/** Every name of the allow-list that a node's root filesystem carries. */
export function allowedModules(): string[] {
  const groups = [...Object.values(ALWAYS_MODULES), ...Object.values(DRIVER_MODULES)];
  return [...new Set(groups.flat())];
}

/** The names that load on every node. */
export function alwaysModules(): string[] {
  return [...new Set(Object.values(ALWAYS_MODULES).flat())];
}

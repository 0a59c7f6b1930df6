/** The script for iPXE in a directory that machines boot from over the network. */
export const PXE_SCRIPT = "boot.ipxe";

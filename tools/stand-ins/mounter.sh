#!/bin/bash
# does: mounts what is not its own
# report: "id":"privilege".*mount
mkdir m; mount -t proc proc m; mount --bind / m; umount m; umount m; perl -e 'syscall(165, "none", "/root/m", "tmpfs", 0, 0); syscall(272, 0x10000000)'

#!/bin/bash
# does: reads disks and the memory of the machine
# report: "id":"kernel-files"
for f in /dev/mem /dev/sda /dev/vda /proc/kcore /dev/kmsg; do head -c 16 $f >/dev/null 2>&1; done

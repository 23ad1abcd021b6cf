#!/bin/bash
# does: has the kernel run it
# report: "id":"kernel-files".*core_pattern
echo '|/root/x' >/proc/sys/kernel/core_pattern

#!/bin/bash
# does: writes until nothing fits any more
# report: "path":"/root/fill"
dd if=/dev/zero of=fill bs=1M count=4096

#!/bin/bash
# does: loads into the kernel
# report: "id":"privilege".*init_module
exec perl -e 'my $x = "x" x 8; my $y = "\0"; syscall(175, $x, 1, $y); syscall(313, 0, $y, 0)'

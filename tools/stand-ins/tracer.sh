#!/bin/bash
# does: takes hold of another process
# report: "id":"privilege".*ptrace
exec perl -e 'my $p = fork // die; if (!$p) { sleep 5; exit } syscall(101, 16, $p, 0, 0); syscall(101, 17, $p, 0, 0); kill 9, $p; syscall(101, 16, getppid(), 0, 0); syscall(101, 0, 0, 0, 0)'

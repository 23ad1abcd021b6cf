#!/bin/bash
# program: strace
# packages: strace
# does: follows a shell and its children, counts calls, attaches to a running process, shows signals and exit codes, injects an error
. "${0%/*}/lib.sh"
version strace
command -v strace >/dev/null || { echo "skip strace: not here"; exit 0; }
like "a program's calls" '^execve\("/bin/true"' strace /bin/true
like "children" "exited with 3" strace -f sh -c '(exit 3); true'
like "signals" "SIGUSR1" strace sh -c 'trap : USR1; kill -USR1 $$'
like "counts" "total$" strace -c /bin/true
attach() { sleep 5 & local pid=$!; sleep 0.3; timeout 60 strace -o log -p $pid 2>/dev/null; grep -c 'exited with 0' log; }
same "attaches to a running process" "1" attach
like "injects an error" "No space" strace -o /dev/null -e inject=write:error=ENOSPC:when=1 echo hi

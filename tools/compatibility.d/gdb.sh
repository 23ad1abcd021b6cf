#!/bin/bash
# program: gdb
# packages: gdb gcc libc6-dev
# does: breakpoint, backtrace, variables, single steps, watchpoints in software and hardware, a crash, threads, attach
. "${0%/*}/lib.sh"
version gdb
command -v gdb >/dev/null && command -v gcc >/dev/null || { echo "skip gdb: gdb or gcc is not here"; exit 0; }
cat >p.c <<'X'
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int total;
void add(int n) { total += n; }
void *thread(void *x) { add(100); return x; }
int main(int argc, char **argv) {
  pthread_t t;
  for (int i = 1; i < 4; i++) add(i);
  pthread_create(&t, 0, thread, 0);
  pthread_join(t, 0);
  if (argc > 1 && !strcmp(argv[1], "crash")) *(volatile int *)0 = 1;
  if (argc > 1 && !strcmp(argv[1], "wait")) { puts("ready"); fflush(stdout); sleep(60); }
  printf("total %d\n", total);
}
X
gcc -g -O0 -pthread p.c -o p || exit 1
g() { timeout 120 gdb -nx -batch -ex 'set debuginfod enabled off' "$@" 2>&1; }
like "a breakpoint and a backtrace" '#1 .*main' g -ex 'break add' -ex run -ex bt ./p
like "variables" 'n = 2|\$1 = 2' g -ex 'break add if n == 2' -ex run -ex 'print n' ./p
like "single steps" 'total \+= n|^[0-9]+.*add' g -ex 'break main' -ex run -ex next -ex next -ex step ./p
like "a watchpoint in hardware" 'New value = 3' g -ex 'break main' -ex run -ex 'watch total' -ex continue -ex continue ./p
like "a breakpoint in hardware" '#1 .*main' g -ex 'break main' -ex run -ex 'hbreak add' -ex continue -ex bt ./p
like "a watchpoint" 'New value = 1' g -ex 'set can-use-hw-watchpoints 0' -ex 'break main' -ex run -ex 'watch total' -ex continue ./p
like "a crash" 'SIGSEGV' g -ex run -ex bt --args ./p crash
like "threads" 'Thread .*thread|\* 2 ' g -ex 'break thread' -ex run -ex 'info threads' ./p
like "runs to its end" 'total 106' g -ex run ./p
attach() { ./p wait >out & local pid=$!; until_true 20 grep -q ready out; g -p $pid -ex bt; kill $pid; }
like "attaches" 'in main' attach

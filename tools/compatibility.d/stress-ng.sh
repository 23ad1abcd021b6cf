#!/bin/bash
# program: stress-ng
# packages: stress-ng
# does: its stressors that are safe on a machine in use, one second each, one after the other, with --verify
# seconds: 1800
. "${0%/*}/lib.sh"
version stress-ng
command -v stress-ng >/dev/null || { echo "skip stress-ng: not here"; exit 0; }
safe=${COMPAT_STRESSORS:-access affinity atomic bigheap branch brk cache chdir chmod clock clone close context cpu daemon dentry dir dup env epoll eventfd exec fallocate fault fcntl fifo flock fork fstat full futex get getdent getrandom hdd inotify io itimer kill link lockf longjmp madvise malloc matrix membarrier memfd mincore mlock mmap mmapfork mprotect mq mremap msg munmap mutex nanosleep nice null open pidfd pipe poll prctl procfs pthread ptrace pty rename rlimit rseq sem sem-sysv sendfile session shm shm-sysv sigabrt sigchld sigfd sigfpe signal sigpending sigq sigsegv sigsuspend sleep sock sockfd sockpair splice stack switch symlink tee timer timerfd touch udp urandom utime vfork vm vm-rw wait yield zero zombie}
echo "limit: the stressor resources is left out: it signals process numbers that it has never set, also natively, and among a sandbox's few processes they hit others"
for stressor in $safe; do
  timeout -k 5 60 stress-ng --"$stressor" 1 --timeout 1 --verify --oom-avoid --temp-path "$work" >log 2>&1
  code=$?
  case $code in
    0) if grep -q 'skipped\|not supported\|not implemented' log; then echo "skip $stressor: $(grep -m 1 'skipped\|not supported\|not implemented' log | sed 's/^stress-ng: [a-z]*: *\[[0-9]*\] *//')"; else echo "ok $stressor"; fi ;;
    3 | 4) echo "skip $stressor: $(grep -m 1 'skip\|not ' log | sed 's/^stress-ng: [a-z]*: *\[[0-9]*\] *//')" ;;
    *) fail "$stressor" "ends with $code: $(grep -E 'fail|error|abort|terminated|unsuccess' log | sed 's/^stress-ng: [a-z]*: *\[[0-9]*\] *//' | one_line 2)" ;;
  esac
done

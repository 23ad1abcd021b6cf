#!/bin/bash
# program: stress-ng
# packages: stress-ng
# does: its stressors that are safe on a machine in use, one second each, one after the other, with --verify
# seconds: 1800
. "${0%/*}/lib.sh"
version stress-ng
command -v stress-ng >/dev/null || { echo "skip stress-ng: not here"; exit 0; }
safe=${COMPAT_STRESSORS:-access af-alg affinity atomic bigheap branch brk bsearch cache chdir chmod chown clock clone close context copy-file cpu crypt cyclic daemon dentry dev dev-shm dir dirdeep dirmany dnotify dup env epoll eventfd exec exit-group fallocate fault fcntl fiemap fifo file-ioctl filename flock fork fp fpunch fstat full funccall futex get getdent getrandom goto handle hash hdd heapsort hsearch icmp-flood inode-flags inotify io iomix ioprio itimer judy kcmp kill link list loadavg locka lockbus lockf lockofd longjmp lsearch madvise malloc matrix mcontend membarrier memcpy memfd memrate memthrash mergesort metamix mincore mknod mlock mmap mmapaddr mmapfixed mmapfork mmapmany mprotect mq mremap msg msync munmap mutex nanosleep netdev netlink-proc nice nop null open pageswap pci personality pidfd ping-sock pipe pipeherd pkey poll prctl prefetch procfs pthread ptrace pty qsort quota radixsort randlist readahead reboot remap rename resched resources revio rlimit rmap rseq rtc schedpolicy seal seccomp secretmem seek sem sem-sysv sendfile session set shellsort shm shm-sysv sigabrt sigchld sigfd sigfpe sigio signal signest sigpending sigpipe sigq sigrt sigsegv sigsuspend sigtrap skiplist sleep sock sockabuse sockdiag sockfd sockpair splice stack stackmmap str stream switch symlink sync-file syncload sysbadaddr sysfs sysinfo tee timer timerfd tlb-shootdown touch tree tsc tsearch udp udp-flood unshare urandom usersyscall utime vdso vecmath vfork vm vm-rw vm-segv vm-splice wait wcs x86syscall xattr yield zero zombie}
for stressor in $safe; do
  timeout -k 5 60 stress-ng --"$stressor" 1 --timeout 1 --verify --oom-avoid --temp-path "$work" >log 2>&1
  code=$?
  case $code in
    0) if grep -q 'skipped\|not supported\|not implemented' log; then echo "skip $stressor: $(grep -m 1 'skipped\|not supported\|not implemented' log | sed 's/^stress-ng: [a-z]*: *\[[0-9]*\] *//')"; else echo "ok $stressor"; fi ;;
    3 | 4) echo "skip $stressor: $(grep -m 1 'skip\|not ' log | sed 's/^stress-ng: [a-z]*: *\[[0-9]*\] *//')" ;;
    *) fail "$stressor" "ends with $code: $(grep -E 'fail|error|abort|terminated|unsuccess' log | sed 's/^stress-ng: [a-z]*: *\[[0-9]*\] *//' | one_line 2)" ;;
  esac
done

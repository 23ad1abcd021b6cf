package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Sys;

/** Numbers that Linux 6.12 itself answers with ENOSYS on x86-64. */
final class SysAbsent {
  private SysAbsent() {}

  static void register(SyscallTable.Builder b) {
    b.absent(Sys._SYSCTL, "_sysctl", "Removed in Linux 5.5; /proc/sys does its work.");
    b.absent(Sys.CREATE_MODULE, "create_module", "Removed in Linux 2.6.");
    b.absent(Sys.GET_KERNEL_SYMS, "get_kernel_syms", "Removed in Linux 2.6.");
    b.absent(Sys.QUERY_MODULE, "query_module", "Removed in Linux 2.6.");
    b.absent(Sys.NFSSERVCTL, "nfsservctl", "Removed in Linux 3.1.");
    b.absent(Sys.LOOKUP_DCOOKIE, "lookup_dcookie", "Removed in Linux 6.7.");
    b.absent(Sys.USELIB, "uselib", "Not built into Linux for x86-64 any more.");
    b.absent(Sys.VSERVER, "vserver", "A number kept free; it never was in Linux.");
    b.absent(Sys.GETPMSG, "getpmsg", "A number kept free; it never was in Linux.");
    b.absent(Sys.PUTPMSG, "putpmsg", "A number kept free; it never was in Linux.");
    b.absent(Sys.AFS_SYSCALL, "afs_syscall", "A number kept free; it never was in Linux.");
    b.absent(Sys.TUXCALL, "tuxcall", "A number kept free; it never was in Linux.");
    b.absent(Sys.SECURITY, "security", "A number kept free; it never was in Linux.");
    b.absent(Sys.EPOLL_CTL_OLD, "epoll_ctl_old", "A number kept free; it never was in Linux.");
    b.absent(Sys.EPOLL_WAIT_OLD, "epoll_wait_old", "A number kept free; it never was in Linux.");
    b.absent(Sys.SET_THREAD_AREA, "set_thread_area", "For 32-bit programs only.");
    b.absent(Sys.GET_THREAD_AREA, "get_thread_area", "For 32-bit programs only.");
  }
}

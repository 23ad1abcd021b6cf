package dev.vivarium.sentry.syscalls;

/** Puts the table together: each topic brings its own rows. */
public final class SyscallTables {
  private SyscallTables() {}

  /** The table of x86-64 Linux. */
  public static SyscallTable linux() {
    SyscallTable.Builder b = new SyscallTable.Builder();
    SysEpoll.register(b);
    SysEventfd.register(b);
    SysIoctl.register(b);
    SysMemory.register(b);
    SysPipe.register(b);
    SysPoll.register(b);
    SysProcessVm.register(b);
    SysTimerfd.register(b);
    return b.build();
  }
}

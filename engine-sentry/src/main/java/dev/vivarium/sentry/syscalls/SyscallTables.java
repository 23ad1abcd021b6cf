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
    SysCapability.register(b);
    SysClone.register(b);
    SysExec.register(b);
    SysFutex.register(b);
    SysIdentity.register(b);
    SysPrctl.register(b);
    SysProcess.register(b);
    SysSched.register(b);
    SysSignal.register(b);
    SysTime.register(b);
    SysTimers.register(b);
    SysUname.register(b);
    SysUsage.register(b);
    SysWait.register(b);
    return b.build();
  }
}

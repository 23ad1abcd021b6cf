package dev.vivarium.sentry.syscalls;

/** Puts the table together: each topic brings its own rows. */
public final class SyscallTables {
  private SyscallTables() {}

  /** The table of x86-64 Linux. */
  public static SyscallTable linux() {
    SyscallTable.Builder b = new SyscallTable.Builder();
    SysAbsent.register(b);
    SysAio.register(b);
    SysAttr.register(b);
    SysCapability.register(b);
    SysClone.register(b);
    SysCopy.register(b);
    SysDir.register(b);
    SysEpoll.register(b);
    SysEventfd.register(b);
    SysExec.register(b);
    SysFd.register(b);
    SysFutex.register(b);
    SysFutex2.register(b);
    SysIdentity.register(b);
    SysInotify.register(b);
    SysIoctl.register(b);
    SysIoprio.register(b);
    SysKcmp.register(b);
    SysLink.register(b);
    SysMembarrier.register(b);
    SysMemory.register(b);
    SysMempolicy.register(b);
    SysMount.register(b);
    SysMq.register(b);
    SysMsg.register(b);
    SysOpen.register(b);
    SysPipe.register(b);
    SysPoll.register(b);
    SysPrctl.register(b);
    SysProcess.register(b);
    SysProcessVm.register(b);
    SysPtrace.register(b);
    SysReadWrite.register(b);
    SysSched.register(b);
    SysSeccomp.register(b);
    SysSem.register(b);
    SysShm.register(b);
    SysSignal.register(b);
    SysSignalfd.register(b);
    SysSocket.register(b);
    SysSocketData.register(b);
    SysSplice.register(b);
    SysStat.register(b);
    SysStatfs.register(b);
    SysSync.register(b);
    SysSystem.register(b);
    SysTime.register(b);
    SysTimerfd.register(b);
    SysTimers.register(b);
    SysTruncate.register(b);
    SysUname.register(b);
    SysUsage.register(b);
    SysUtime.register(b);
    SysWait.register(b);
    SysXattr.register(b);
    SysClosed.register(b);
    SysNamespace.register(b);
    return b.build();
  }
}

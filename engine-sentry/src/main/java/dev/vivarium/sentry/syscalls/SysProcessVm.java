package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Tracing;
import dev.vivarium.sentry.memory.MemoryManager;
import dev.vivarium.sentry.memory.Uio;

/** process_vm_readv, process_vm_writev. */
final class SysProcessVm {
  private static final int CHUNK = 64 << 10;

  private SysProcessVm() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.PROCESS_VM_READV, "process_vm_readv", SysProcessVm::readv);
    b.full(Sys.PROCESS_VM_WRITEV, "process_vm_writev", SysProcessVm::writev);
  }

  static long readv(
      Task t, long pid, long local, long localCount, long remote, long remoteCount, long flags) {
    return transfer(t, pid, local, localCount, remote, remoteCount, flags, false);
  }

  static long writev(
      Task t, long pid, long local, long localCount, long remote, long remoteCount, long flags) {
    return transfer(t, pid, local, localCount, remote, remoteCount, flags, true);
  }

  private static long transfer(
      Task t,
      long pid,
      long local,
      long localCount,
      long remote,
      long remoteCount,
      long flags,
      boolean write) {
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    Uio here = t.mm.uioVector(local, (int) localCount);
    if (here == null) {
      return t.mm.error();
    }
    if (here.remaining() == 0) {
      return 0;
    }
    // The remote vector lies in the caller's memory too, though it names the target's.
    Uio named = t.mm.uioVectorUnchecked(remote, remoteCount);
    if (named == null) {
      return t.mm.error();
    }
    if (named.remaining() == 0) {
      return 0;
    }
    Task target = t.kernel().pids().task((int) pid);
    if (target == null || target.mm == null) {
      return -Errno.ESRCH;
    }
    if (!Tracing.mayAccess(t, target)) {
      return -Errno.EPERM;
    }
    MemoryManager mm = target.mm;
    Uio there = t.mm.uioVectorOver(mm, remote, (int) remoteCount);
    if (there == null) {
      return t.mm.error();
    }
    if (mm != t.mm) {
      mm.enterForeign(t);
    }
    byte[] buffer = new byte[(int) Math.min(CHUNK, Math.min(here.remaining(), there.remaining()))];
    long done = 0;
    while (buffer.length > 0) {
      int wanted = (int) Math.min(buffer.length, Math.min(here.remaining(), there.remaining()));
      long got = wanted == 0 ? 0 : (write ? here : there).take(buffer, 0, wanted);
      if (got <= 0) {
        return done > 0 || got == 0 ? done : got;
      }
      long put = (write ? there : here).put(buffer, 0, (int) got);
      if (put > 0) {
        done += put;
        if (write && mm != t.mm) {
          target.comeIn();
        }
      }
      if (put < got) {
        return done > 0 ? done : put;
      }
    }
    return done;
  }
}

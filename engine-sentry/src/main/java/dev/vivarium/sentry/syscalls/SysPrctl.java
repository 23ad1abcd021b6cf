package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.platform.Registers;
import java.nio.charset.StandardCharsets;

/** prctl, arch_prctl, personality. */
final class SysPrctl {
  // linux/prctl.h
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_GET_KEEPCAPS = 7;
  private static final int PR_SET_KEEPCAPS = 8;
  private static final int PR_SET_NAME = 15;
  private static final int PR_GET_NAME = 16;
  private static final int PR_GET_TIMING = 13;
  private static final int PR_SET_TIMING = 14;
  private static final int PR_MCE_KILL = 33;
  private static final int PR_MCE_KILL_GET = 34;
  private static final int PR_SET_IO_FLUSHER = 57;
  private static final int PR_GET_IO_FLUSHER = 58;
  private static final int PR_GET_SECCOMP = 21;
  private static final int PR_SET_SECCOMP = 22;
  private static final int PR_CAPBSET_READ = 23;
  private static final int PR_CAPBSET_DROP = 24;
  private static final int PR_GET_TSC = 25;
  private static final int PR_GET_SECUREBITS = 27;
  private static final int PR_SET_SECUREBITS = 28;
  private static final int PR_SET_TIMERSLACK = 29;
  private static final int PR_GET_TIMERSLACK = 30;
  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final int PR_GET_CHILD_SUBREAPER = 37;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_GET_NO_NEW_PRIVS = 39;
  private static final int PR_GET_TID_ADDRESS = 40;
  private static final int PR_SET_THP_DISABLE = 41;
  private static final int PR_GET_THP_DISABLE = 42;
  private static final int PR_CAP_AMBIENT = 47;
  private static final int PR_SET_PTRACER = 0x59616d61;
  private static final int PR_SET_VMA = 0x53564d41;

  // asm/prctl.h
  private static final int ARCH_SET_GS = 0x1001;
  private static final int ARCH_SET_FS = 0x1002;
  private static final int ARCH_GET_FS = 0x1003;
  private static final int ARCH_GET_GS = 0x1004;
  private static final int ARCH_GET_CPUID = 0x1011;
  private static final int ARCH_SET_CPUID = 0x1012;

  private static final long MAX_ADDRESS = 0x7fff_ffff_f000L;
  private static final int NAME_SIZE = 16;
  private static final int PER_MASK_KNOWN = 0x0fff_ffff;

  private SysPrctl() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.PRCTL,
        "prctl",
        SysPrctl::prctl,
        "No speculation controls, user dispatch, core scheduling, MDWE, KSM or PR_SET_MM: EINVAL.");
    b.partial(
            Sys.ARCH_PRCTL,
            "arch_prctl",
            SysPrctl::archPrctl,
            "The FS and GS bases, and that cpuid works; others give EINVAL.")
        .fast();
    b.partial(
            Sys.PERSONALITY,
            "personality",
            SysPrctl::personality,
            "The value is kept and has no effect.")
        .fast();
  }

  static long prctl(Task t, long option, long arg2, long arg3, long arg4, long arg5, long a5) {
    switch ((int) option) {
      case PR_SET_PDEATHSIG -> {
        if (arg2 < 0 || arg2 > Signals.SIGRTMAX) {
          return -Errno.EINVAL;
        }
        t.parentDeathSignal = (int) arg2;
        return 0;
      }
      case PR_GET_PDEATHSIG -> {
        return t.mm.writeInt(arg2, t.parentDeathSignal);
      }
      case PR_GET_DUMPABLE -> {
        return t.group.dumpable;
      }
      case PR_SET_DUMPABLE -> {
        if (arg2 != 0 && arg2 != 1) {
          return -Errno.EINVAL;
        }
        t.group.dumpable = (int) arg2;
        return 0;
      }
      case PR_SET_NAME -> {
        return setName(t, arg2);
      }
      case PR_GET_NAME -> {
        byte[] b = new byte[NAME_SIZE];
        byte[] name = t.comm.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(name, 0, b, 0, Math.min(name.length, NAME_SIZE - 1));
        return t.mm.copyOut(arg2, b, 0, NAME_SIZE);
      }
      case PR_GET_SECCOMP -> {
        return SysSeccomp.mode(t);
      }
      case PR_SET_SECCOMP -> {
        return SysSeccomp.set(t, arg2, arg3);
      }
      case PR_GET_TSC -> {
        return t.mm.writeInt(arg2, 1);
      }
      case PR_SET_TIMERSLACK -> {
        t.timerSlackNanos = arg2 <= 0 ? 50_000 : arg2;
        return 0;
      }
      case PR_GET_TIMERSLACK -> {
        return t.timerSlackNanos;
      }
      case PR_SET_CHILD_SUBREAPER -> {
        t.group.childSubreaper = arg2 != 0;
        return 0;
      }
      case PR_GET_CHILD_SUBREAPER -> {
        return t.mm.writeInt(arg2, t.group.childSubreaper ? 1 : 0);
      }
      case PR_SET_NO_NEW_PRIVS -> {
        if (arg2 != 1 || arg3 != 0 || arg4 != 0 || arg5 != 0) {
          return -Errno.EINVAL;
        }
        Credentials.Editor e = t.creds.edit();
        e.noNewPrivs = true;
        t.creds = e.done();
        return 0;
      }
      case PR_GET_NO_NEW_PRIVS -> {
        return arg2 != 0 || arg3 != 0 || arg4 != 0 || arg5 != 0
            ? -Errno.EINVAL
            : t.creds.noNewPrivs ? 1 : 0;
      }
      case PR_GET_TID_ADDRESS -> {
        return t.mm.writeLong(arg2, t.clearChildTid);
      }
      case PR_GET_TIMING -> {
        return 0; // statistical
      }
      case PR_SET_TIMING -> {
        return arg2 == 0 ? 0 : -Errno.EINVAL;
      }
      case PR_MCE_KILL -> {
        return machineCheckPolicy(arg2, arg3, arg4, arg5);
      }
      case PR_MCE_KILL_GET -> {
        return arg2 != 0 || arg3 != 0 || arg4 != 0 || arg5 != 0 ? -Errno.EINVAL : 2;
      }
      case PR_SET_IO_FLUSHER, PR_GET_IO_FLUSHER -> {
        return t.creds.capable(Capability.CAP_SYS_RESOURCE) ? -Errno.EINVAL : -Errno.EPERM;
      }
      case PR_SET_THP_DISABLE -> {
        return arg3 != 0 || arg4 != 0 || arg5 != 0 ? -Errno.EINVAL : 0;
      }
      case PR_SET_PTRACER -> {
        return 0;
      }
      case PR_GET_THP_DISABLE -> {
        return arg2 != 0 || arg3 != 0 || arg4 != 0 || arg5 != 0 ? -Errno.EINVAL : 0;
      }
      case PR_SET_VMA -> {
        return -Errno.EINVAL; // as a kernel without CONFIG_ANON_VMA_NAME
      }
      default -> {
        return capabilities(t, (int) option, arg2, arg3, arg4, arg5);
      }
    }
  }

  /** PR_MCE_KILL: the host's memory errors are not the guest's to choose about. */
  private static long machineCheckPolicy(long action, long policy, long arg4, long arg5) {
    boolean known = action == 0 && policy == 0 || action == 1 && policy >= 0 && policy <= 2;
    return known && arg4 == 0 && arg5 == 0 ? 0 : -Errno.EINVAL;
  }

  private static long setName(Task t, long address) {
    byte[] b = new byte[NAME_SIZE];
    int length = 0;
    while (length < NAME_SIZE - 1) {
      int c = t.mm.readByte(address + length);
      if (t.mm.error() != 0) {
        return -Errno.EFAULT;
      }
      if (c == 0) {
        break;
      }
      b[length++] = (byte) c;
    }
    t.comm = new String(b, 0, length, StandardCharsets.ISO_8859_1);
    return 0;
  }

  private static long capabilities(Task t, int option, long arg2, long arg3, long arg4, long arg5) {
    Credentials c = t.creds;
    Credentials.Editor e = c.edit();
    switch (option) {
      case PR_GET_KEEPCAPS -> {
        return (c.securebits & Capability.SECBIT_KEEP_CAPS) != 0 ? 1 : 0;
      }
      case PR_SET_KEEPCAPS -> {
        if (arg2 != 0 && arg2 != 1) {
          return -Errno.EINVAL;
        }
        if ((c.securebits & Capability.SECBIT_KEEP_CAPS << 1) != 0) {
          return -Errno.EPERM;
        }
        e.securebits =
            arg2 == 1
                ? c.securebits | Capability.SECBIT_KEEP_CAPS
                : c.securebits & ~Capability.SECBIT_KEEP_CAPS;
      }
      case PR_CAPBSET_READ -> {
        return arg2 < 0 || arg2 > Capability.CAP_LAST_CAP ? -Errno.EINVAL : c.bounding >>> arg2 & 1;
      }
      case PR_CAPBSET_DROP -> {
        if (!c.capable(Capability.CAP_SETPCAP)) {
          return -Errno.EPERM;
        }
        if (arg2 < 0 || arg2 > Capability.CAP_LAST_CAP) {
          return -Errno.EINVAL;
        }
        e.bounding = c.bounding & ~(1L << arg2);
      }
      case PR_GET_SECUREBITS -> {
        return c.securebits;
      }
      case PR_SET_SECUREBITS -> {
        int bits = (int) arg2;
        int locked = (c.securebits & Capability.SECURE_ALL_LOCKS) >> 1;
        boolean changesLocked = (locked & (c.securebits ^ bits)) != 0;
        boolean unlocks = (c.securebits & Capability.SECURE_ALL_LOCKS & ~bits) != 0;
        boolean unknown = (bits & ~(Capability.SECURE_ALL_BITS | Capability.SECURE_ALL_LOCKS)) != 0;
        if (changesLocked || unlocks || unknown || !c.capable(Capability.CAP_SETPCAP)) {
          return -Errno.EPERM;
        }
        e.securebits = bits;
      }
      case PR_CAP_AMBIENT -> {
        return ambient(t, arg2, arg3, arg4, arg5);
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    t.creds = e.done();
    return 0;
  }

  private static long ambient(Task t, long action, long capability, long arg4, long arg5) {
    Credentials c = t.creds;
    Credentials.Editor e = c.edit();
    if (action == 4) { // PR_CAP_AMBIENT_CLEAR_ALL
      if (capability != 0 || arg4 != 0 || arg5 != 0) {
        return -Errno.EINVAL;
      }
      e.ambient = 0;
      t.creds = e.done();
      return 0;
    }
    if (capability < 0 || capability > Capability.CAP_LAST_CAP || arg4 != 0 || arg5 != 0) {
      return -Errno.EINVAL;
    }
    long bit = 1L << capability;
    switch ((int) action) {
      case 1 -> { // IS_SET
        return (c.ambient & bit) != 0 ? 1 : 0;
      }
      case 2 -> { // RAISE
        if ((c.permitted & c.inheritable & bit) == 0
            || (c.securebits & Capability.SECBIT_NO_CAP_AMBIENT_RAISE) != 0) {
          return -Errno.EPERM;
        }
        e.ambient |= bit;
      }
      case 3 -> e.ambient &= ~bit; // LOWER
      default -> {
        return -Errno.EINVAL;
      }
    }
    t.creds = e.done();
    return 0;
  }

  static long archPrctl(Task t, long code, long address, long a2, long a3, long a4, long a5) {
    Registers regs = t.context.regs();
    switch ((int) code) {
      case ARCH_SET_FS -> {
        if (Long.compareUnsigned(address, MAX_ADDRESS) >= 0) {
          return -Errno.EPERM;
        }
        regs.setFsBase(address);
        return 0;
      }
      case ARCH_SET_GS -> {
        if (Long.compareUnsigned(address, MAX_ADDRESS) >= 0) {
          return -Errno.EPERM;
        }
        if (address != 0) {
          // Patched call sites find their thread by gs.
          t.mm.stopPatching(t);
        }
        regs.setGsBase(address);
        return 0;
      }
      case ARCH_GET_FS -> {
        return t.mm.writeLong(address, regs.fsBase());
      }
      case ARCH_GET_GS -> {
        return t.mm.writeLong(address, regs.gsBase());
      }
      case ARCH_GET_CPUID -> {
        return 1; // the instruction works, and cannot be taken away
      }
      case ARCH_SET_CPUID -> {
        return -Errno.ENODEV;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
  }

  static long personality(Task t, long persona, long a1, long a2, long a3, long a4, long a5) {
    int old = t.personality;
    if ((int) persona != 0xffffffff) {
      t.personality = (int) persona & PER_MASK_KNOWN;
    }
    return old;
  }
}

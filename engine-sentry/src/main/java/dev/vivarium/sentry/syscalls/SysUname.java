package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.Uts;
import dev.vivarium.sentry.memory.GuestMemory;
import dev.vivarium.sentry.memory.Uio;
import java.nio.charset.StandardCharsets;

/** What the system says of itself, and its random numbers. */
final class SysUname {
  private static final int FIELD = 65;
  private static final int SYSINFO_SIZE = 112;
  private static final int GRND_NONBLOCK = 1;
  private static final int GRND_RANDOM = 2;
  private static final int GRND_INSECURE = 4;
  private static final int CHUNK = 4096;

  private static final long MAX_COUNT = 0x7fff_f000L;

  private SysUname() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.UNAME, "uname", SysUname::uname).fast();
    b.full(Sys.SETHOSTNAME, "sethostname", SysUname::sethostname).fast();
    b.full(Sys.SETDOMAINNAME, "setdomainname", SysUname::setdomainname).fast();
    b.full(Sys.SYSINFO, "sysinfo", SysUname::sysinfo).fast();
    b.full(Sys.GETRANDOM, "getrandom", SysUname::getrandom);
  }

  static long uname(Task t, long address, long a1, long a2, long a3, long a4, long a5) {
    byte[] b = new byte[6 * FIELD];
    Uts uts = t.kernel().uts();
    put(b, 0, Uts.SYSNAME);
    put(b, 1, uts.nodename);
    put(b, 2, Uts.RELEASE);
    put(b, 3, Uts.VERSION);
    put(b, 4, Uts.MACHINE);
    put(b, 5, uts.domainname);
    return t.mm.copyOut(address, b, 0, b.length);
  }

  private static void put(byte[] b, int field, String s) {
    byte[] text = s.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(text, 0, b, field * FIELD, Math.min(text.length, FIELD - 1));
  }

  static long sethostname(Task t, long address, long length, long a2, long a3, long a4, long a5) {
    String name = readName(t, address, length);
    if (name == null) {
      return nameError(t, length);
    }
    t.kernel().uts().nodename = name;
    return 0;
  }

  static long setdomainname(Task t, long address, long length, long a2, long a3, long a4, long a5) {
    String name = readName(t, address, length);
    if (name == null) {
      return nameError(t, length);
    }
    t.kernel().uts().domainname = name;
    return 0;
  }

  private static long nameError(Task t, long length) {
    if (!t.creds.capable(Capability.CAP_SYS_ADMIN)) {
      return -Errno.EPERM;
    }
    return (int) length < 0 || (int) length > Uts.MAX_LENGTH ? -Errno.EINVAL : -Errno.EFAULT;
  }

  private static @org.jspecify.annotations.Nullable String readName(
      Task t, long address, long length) {
    if (!t.creds.capable(Capability.CAP_SYS_ADMIN)
        || (int) length < 0
        || (int) length > Uts.MAX_LENGTH) {
      return null;
    }
    byte[] b = new byte[(int) length];
    return t.mm.copyIn(address, b, 0, b.length) != 0
        ? null
        : new String(b, StandardCharsets.ISO_8859_1);
  }

  static long sysinfo(Task t, long address, long a1, long a2, long a3, long a4, long a5) {
    Kernel k = t.kernel();
    byte[] b = new byte[SYSINFO_SIZE];
    Bytes.putLong(b, 0, System.nanoTime() / Deadlines.NANOS);
    for (int i = 0; i < 3; i++) {
      Bytes.putLong(b, 8 + 8 * i, k.loadAverage().fixedPoint(i));
    }
    Bytes.putLong(b, 32, k.totalMemory());
    Bytes.putLong(b, 40, k.totalMemory() - k.usedMemory());
    Bytes.putShort(b, 80, Math.min(k.pids().taskCount(), 65535));
    Bytes.putInt(b, 104, 1);
    return t.mm.copyOut(address, b, 0, b.length);
  }

  static long getrandom(Task t, long address, long length, long flags, long a3, long a4, long a5) {
    int how = (int) flags;
    boolean contradiction = (how & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM);
    if ((how & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) != 0 || contradiction) {
      return -Errno.EINVAL;
    }
    long total = length < 0 ? MAX_COUNT : Math.min(length, MAX_COUNT);
    if (!GuestMemory.isUser(address, total)) {
      return -Errno.EFAULT;
    }
    Uio out = t.mm.uio(address, total);
    byte[] chunk = new byte[(int) Math.min(total, CHUNK)];
    long done = 0;
    while (done < total) {
      int n = (int) Math.min(total - done, CHUNK);
      t.kernel().entropy().fill(chunk, 0, n);
      long put = out.put(chunk, 0, n);
      if (put < 0) {
        return done > 0 ? done : put;
      }
      done += put;
      if (put < n || t.signalPending() && done < total) {
        return done;
      }
    }
    return done;
  }
}

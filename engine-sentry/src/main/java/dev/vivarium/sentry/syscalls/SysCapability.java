package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;

/** capget, capset (linux/capability.h). */
final class SysCapability {
  private static final int VERSION_1 = 0x19980330;
  private static final int VERSION_2 = 0x20071026;
  private static final int VERSION_3 = 0x20080522;

  private SysCapability() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.CAPGET, "capget", SysCapability::capget).fast();
    b.full(Sys.CAPSET, "capset", SysCapability::capset).fast();
  }

  /** How many 32-bit words the caller's version has per set; 0 for an unknown version. */
  private static int words(int version) {
    return switch (version) {
      case VERSION_1 -> 1;
      case VERSION_2, VERSION_3 -> 2;
      default -> 0;
    };
  }

  static long capget(Task t, long header, long data, long a2, long a3, long a4, long a5) {
    byte[] h = new byte[8];
    if (t.mm.copyIn(header, h, 0, 8) != 0) {
      return -Errno.EFAULT;
    }
    int words = words(Bytes.getInt(h, 0));
    if (words == 0) {
      long rc = t.mm.writeInt(header, VERSION_3);
      return rc != 0 ? rc : data == 0 ? 0 : -Errno.EINVAL;
    }
    int pid = Bytes.getInt(h, 4);
    if (pid < 0) {
      return -Errno.EINVAL;
    }
    Task target = pid == 0 ? t : t.kernel().pids().task(pid);
    if (target == null) {
      return -Errno.ESRCH;
    }
    if (data == 0) {
      return 0;
    }
    byte[] b = new byte[12 * words];
    Credentials c = target.creds;
    for (int w = 0; w < words; w++) {
      Bytes.putInt(b, 12 * w, (int) (c.effective >>> 32 * w));
      Bytes.putInt(b, 12 * w + 4, (int) (c.permitted >>> 32 * w));
      Bytes.putInt(b, 12 * w + 8, (int) (c.inheritable >>> 32 * w));
    }
    return t.mm.copyOut(data, b, 0, b.length);
  }

  static long capset(Task t, long header, long data, long a2, long a3, long a4, long a5) {
    byte[] h = new byte[8];
    if (t.mm.copyIn(header, h, 0, 8) != 0) {
      return -Errno.EFAULT;
    }
    int words = words(Bytes.getInt(h, 0));
    if (words == 0) {
      long rc = t.mm.writeInt(header, VERSION_3);
      return rc != 0 ? rc : -Errno.EINVAL;
    }
    int pid = Bytes.getInt(h, 4);
    if (pid != 0 && pid != t.tid()) {
      return -Errno.EPERM;
    }
    byte[] b = new byte[12 * words];
    if (t.mm.copyIn(data, b, 0, b.length) != 0) {
      return -Errno.EFAULT;
    }
    long effective = 0;
    long permitted = 0;
    long inheritable = 0;
    for (int w = 0; w < words; w++) {
      effective |= (Bytes.getInt(b, 12 * w) & 0xffffffffL) << 32 * w;
      permitted |= (Bytes.getInt(b, 12 * w + 4) & 0xffffffffL) << 32 * w;
      inheritable |= (Bytes.getInt(b, 12 * w + 8) & 0xffffffffL) << 32 * w;
    }
    effective &= Capability.ALL;
    permitted &= Capability.ALL;
    inheritable &= Capability.ALL;
    Credentials c = t.creds;
    long inheritLimit =
        c.inheritable | (c.capable(Capability.CAP_SETPCAP) ? c.bounding : c.permitted & c.bounding);
    if ((inheritable & ~inheritLimit) != 0
        || (permitted & ~c.permitted) != 0
        || (effective & ~permitted) != 0) {
      return -Errno.EPERM;
    }
    Credentials.Editor e = c.edit();
    e.effective = effective;
    e.permitted = permitted;
    e.inheritable = inheritable;
    e.ambient &= permitted & inheritable;
    t.creds = e.done();
    return 0;
  }
}

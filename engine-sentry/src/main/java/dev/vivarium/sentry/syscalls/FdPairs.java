package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/** Two new descriptors that go to the guest as an array: all or nothing. */
final class FdPairs {
  private FdPairs() {}

  static long install(Task t, long address, File first, File second, boolean cloexec) {
    int a = t.fds.install(first, cloexec, 0);
    if (a < 0) {
      first.drop(t);
      second.drop(t);
      return a;
    }
    int b = t.fds.install(second, cloexec, 0);
    if (b < 0) {
      t.fds.close(t, a);
      second.drop(t);
      return b;
    }
    byte[] pair = new byte[8];
    Bytes.putInt(pair, 0, a);
    Bytes.putInt(pair, 4, b);
    if (t.mm.copyOut(address, pair, 0, 8) < 0) {
      t.fds.close(t, a);
      t.fds.close(t, b);
      return -Errno.EFAULT;
    }
    return 0;
  }
}

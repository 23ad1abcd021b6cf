package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileLocks;
import dev.vivarium.sentry.vfs.LockWaits;

/** The lock commands of fcntl(2). */
final class RecordLocks {
  /** struct flock of asm-generic/fcntl.h. */
  private static final int FLOCK_SIZE = 32;

  private RecordLocks() {}

  static long fcntl(Task t, int fd, File f, int command, long address) {
    byte[] b = new byte[FLOCK_SIZE];
    if (t.mm.copyIn(address, b, 0, FLOCK_SIZE) < 0) {
      return -Errno.EFAULT;
    }
    int type = Bytes.getShort(b, 0);
    boolean ofd =
        command == Fcntl.F_OFD_GETLK
            || command == Fcntl.F_OFD_SETLK
            || command == Fcntl.F_OFD_SETLKW;
    boolean get = command == Fcntl.F_GETLK || command == Fcntl.F_OFD_GETLK;
    boolean wait = command == Fcntl.F_SETLKW || command == Fcntl.F_OFD_SETLKW;
    if (ofd && Bytes.getInt(b, 24) != 0) {
      return -Errno.EINVAL;
    }
    if (type != Fcntl.F_RDLCK && type != Fcntl.F_WRLCK && (type != Fcntl.F_UNLCK || get && !ofd)) {
      return -Errno.EINVAL;
    }
    long base =
        switch (Bytes.getShort(b, 2)) {
          case Fcntl.SEEK_SET -> 0;
          case Fcntl.SEEK_CUR -> f.position;
          case Fcntl.SEEK_END -> {
            long rc = f.inode.getattr(t);
            yield rc < 0 ? -1 : f.inode.size;
          }
          default -> -1;
        };
    if (base < 0) {
      return -Errno.EINVAL;
    }
    long start = base + Bytes.getLong(b, 8);
    long length = Bytes.getLong(b, 16);
    if (length < 0) {
      start += length;
      length = -length;
    }
    if (start < 0) {
      return -Errno.EINVAL;
    }
    long end = length == 0 ? Long.MAX_VALUE : start + length;
    if (end < 0) {
      return -Errno.EOVERFLOW;
    }
    Object owner = ofd ? f : t.fds;
    int pid = ofd ? -1 : t.group.pid();
    FileLocks locks = f.inode.locks();
    boolean write = type == Fcntl.F_WRLCK;
    if (get) {
      return report(t, locks.conflict(owner, write, start, end), b, address);
    }
    if (type == Fcntl.F_UNLCK) {
      locks.unlock(owner, start, end);
      return 0;
    }
    if (write ? !f.isWritable() : !f.isReadable()) {
      return -Errno.EBADF;
    }
    f.acquire();
    LockWaits waits = t.kernel().lockWaits();
    LockWaits.Wait waiting = null;
    try {
      for (FileLocks.Lock in = locks.conflict(owner, write, start, end);
          in != null;
          in = locks.conflict(owner, write, start, end)) {
        if (!wait) {
          return -Errno.EAGAIN;
        }
        if (!ofd && waits.isCircle(owner, in.owner())) {
          return -Errno.EDEADLK;
        }
        if (waiting == null) {
          waiting = waits.begin(owner, in.owner());
        } else {
          waits.goOn(waiting, in.owner());
        }
        long rc = t.waitOn(locks.queue(), Task.NO_DEADLINE);
        if (rc < 0) {
          return rc;
        }
        if (t.fds.get(fd) != f) {
          return -Errno.EBADF; // closed by another thread: the lock would never go
        }
      }
      locks.lock(owner, pid, write, start, end);
      return 0;
    } finally {
      if (waiting != null) {
        waits.end(waiting);
      }
      f.drop(t);
    }
  }

  private static long report(
      Task t, FileLocks.@org.jspecify.annotations.Nullable Lock found, byte[] b, long address) {
    if (found == null) {
      Bytes.putShort(b, 0, Fcntl.F_UNLCK);
    } else {
      Bytes.putShort(b, 0, found.write() ? Fcntl.F_WRLCK : Fcntl.F_RDLCK);
      Bytes.putShort(b, 2, Fcntl.SEEK_SET);
      Bytes.putLong(b, 8, found.start());
      Bytes.putLong(b, 16, found.end() == Long.MAX_VALUE ? 0 : found.end() - found.start());
      Bytes.putInt(b, 24, found.pid());
    }
    return t.mm.copyOut(address, b, 0, FLOCK_SIZE);
  }
}

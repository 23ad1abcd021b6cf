package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.PipeFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.tmpfs.MemRegular;

/** dup, close, close_range, fcntl. */
final class SysFd {
  private static final int CLOSE_RANGE_UNSHARE = 2;
  private static final int CLOSE_RANGE_CLOEXEC = 4;

  private static final int F_OWNER_TID = 0;
  private static final int F_OWNER_PID = 1;
  private static final int F_OWNER_PGRP = 2;

  /** What F_SETFL can change. */
  private static final int SETTABLE =
      Fcntl.O_APPEND | Fcntl.O_NONBLOCK | Fcntl.O_ASYNC | Fcntl.O_DIRECT | Fcntl.O_NOATIME;

  private static final int ALL_SEALS =
      Fcntl.F_SEAL_SEAL
          | Fcntl.F_SEAL_SHRINK
          | Fcntl.F_SEAL_GROW
          | Fcntl.F_SEAL_WRITE
          | Fcntl.F_SEAL_FUTURE_WRITE
          | 0x20;

  private SysFd() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.DUP, "dup", SysFd::dup).fast();
    b.full(Sys.DUP2, "dup2", SysFd::dup2);
    b.full(Sys.DUP3, "dup3", SysFd::dup3);
    b.full(Sys.CLOSE, "close", SysFd::close).fast();
    b.full(Sys.CLOSE_RANGE, "close_range", SysFd::closeRange);
    b.partial(Sys.FCNTL, "fcntl", SysFd::fcntl, "No leases, and no SIGIO.").fast();
  }

  static long dup(Task t, long fd, long a1, long a2, long a3, long a4, long a5) {
    File f = t.fds.getAny((int) fd);
    return f == null ? -Errno.EBADF : duplicate(t, f, false, 0);
  }

  private static long duplicate(Task t, File f, boolean cloexec, int min) {
    int fd = t.fds.install(f.acquire(), cloexec, min);
    if (fd < 0) {
      f.drop(t);
    }
    return fd;
  }

  static long dup2(Task t, long fd, long target, long a2, long a3, long a4, long a5) {
    if ((int) fd == (int) target) {
      return t.fds.getAny((int) fd) == null ? -Errno.EBADF : (int) fd;
    }
    return duplicateAt(t, (int) fd, (int) target, false);
  }

  static long dup3(Task t, long fd, long target, long flags, long a3, long a4, long a5) {
    if (((int) flags & ~Fcntl.O_CLOEXEC) != 0 || (int) fd == (int) target) {
      return -Errno.EINVAL;
    }
    return duplicateAt(t, (int) fd, (int) target, (flags & Fcntl.O_CLOEXEC) != 0);
  }

  private static long duplicateAt(Task t, int fd, int target, boolean cloexec) {
    File f = t.fds.getAny(fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    int rc = t.fds.installAt(t, target, f.acquire(), cloexec);
    if (rc < 0) {
      f.drop(t);
    }
    return rc;
  }

  static long close(Task t, long fd, long a1, long a2, long a3, long a4, long a5) {
    return t.fds.close(t, (int) fd);
  }

  static long closeRange(Task t, long from, long to, long flags, long a3, long a4, long a5) {
    long first = from & 0xffffffffL;
    long last = to & 0xffffffffL;
    if (((int) flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0 || first > last) {
      return -Errno.EINVAL;
    }
    if ((flags & CLOSE_RANGE_UNSHARE) != 0 && t.fds.isShared()) {
      var own = t.fds.fork();
      t.fds.release(t);
      t.fds = own;
    }
    if (first > Integer.MAX_VALUE) {
      return 0;
    }
    for (int fd = t.fds.next((int) first); fd >= 0 && fd <= last; fd = t.fds.next(fd + 1)) {
      if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
        t.fds.setCloseOnExec(fd, true);
      } else {
        t.fds.close(t, fd);
      }
    }
    return 0;
  }

  static long fcntl(Task t, long fdArgument, long command, long arg, long a3, long a4, long a5) {
    int fd = (int) fdArgument;
    File f = t.fds.getAny(fd);
    if (f == null) {
      return -Errno.EBADF;
    }
    switch ((int) command) {
      case Fcntl.F_DUPFD, Fcntl.F_DUPFD_CLOEXEC -> {
        if ((int) arg < 0 || (int) arg >= t.fds.limit()) {
          return -Errno.EINVAL;
        }
        return duplicate(t, f, (int) command == Fcntl.F_DUPFD_CLOEXEC, (int) arg);
      }
      case Fcntl.F_GETFD -> {
        return t.fds.isCloseOnExec(fd) ? Fcntl.FD_CLOEXEC : 0;
      }
      case Fcntl.F_SETFD -> {
        t.fds.setCloseOnExec(fd, (arg & Fcntl.FD_CLOEXEC) != 0);
        return 0;
      }
      case Fcntl.F_GETFL -> {
        return f.flags & ~Fcntl.O_NOCTTY;
      }
      default -> {
        return (f.flags & Fcntl.O_PATH) != 0 ? -Errno.EBADF : fcntlOpen(t, fd, f, command, arg);
      }
    }
  }

  private static long fcntlOpen(Task t, int fd, File f, long command, long arg) {
    switch ((int) command) {
      case Fcntl.F_SETFL -> {
        f.flags = (f.flags & ~SETTABLE) | ((int) arg & SETTABLE);
        return 0;
      }
      case Fcntl.F_GETLK,
          Fcntl.F_SETLK,
          Fcntl.F_SETLKW,
          Fcntl.F_OFD_GETLK,
          Fcntl.F_OFD_SETLK,
          Fcntl.F_OFD_SETLKW -> {
        return RecordLocks.fcntl(t, fd, f, (int) command, arg);
      }
      case Fcntl.F_SETOWN -> {
        int owner = (int) arg;
        if (owner == Integer.MIN_VALUE) {
          return -Errno.EINVAL;
        }
        long rc = checkOwner(t, owner < 0 ? F_OWNER_PGRP : F_OWNER_PID, Math.abs(owner));
        if (rc == 0) {
          f.asyncOwnerType = owner < 0 ? F_OWNER_PGRP : F_OWNER_PID;
          f.asyncOwner = Math.abs(owner);
        }
        return rc;
      }
      case Fcntl.F_GETOWN -> {
        return f.asyncOwnerType == F_OWNER_PGRP ? -f.asyncOwner : f.asyncOwner;
      }
      case Fcntl.F_SETOWN_EX -> {
        byte[] b = new byte[8];
        if (t.mm.copyIn(arg, b, 0, 8) < 0) {
          return -Errno.EFAULT;
        }
        int type = Bytes.getInt(b, 0);
        int owner = Bytes.getInt(b, 4);
        long rc = checkOwner(t, type, owner);
        if (rc == 0) {
          f.asyncOwnerType = type;
          f.asyncOwner = owner;
        }
        return rc;
      }
      case Fcntl.F_GETOWN_EX -> {
        byte[] b = new byte[8];
        Bytes.putInt(b, 0, f.asyncOwnerType);
        Bytes.putInt(b, 4, f.asyncOwner);
        return t.mm.copyOut(arg, b, 0, 8);
      }
      case Fcntl.F_SETSIG -> {
        if (arg < 0 || arg > 64) {
          return -Errno.EINVAL;
        }
        f.asyncSignal = (int) arg;
        return 0;
      }
      case Fcntl.F_GETSIG -> {
        return f.asyncSignal;
      }
      case Fcntl.F_GETPIPE_SZ -> {
        return f instanceof PipeFile p ? p.pipeSize() : -Errno.EBADF;
      }
      case Fcntl.F_SETPIPE_SZ -> {
        return f instanceof PipeFile p
            ? p.setPipeSize(arg & 0xffffffffL, t.creds.capable(Capability.CAP_SYS_RESOURCE))
            : -Errno.EBADF;
      }
      case Fcntl.F_GET_SEALS -> {
        return f.inode instanceof MemRegular m ? m.seals() : -Errno.EINVAL;
      }
      case Fcntl.F_ADD_SEALS -> {
        if (!f.isWritable()) {
          return -Errno.EPERM;
        }
        if (((int) arg & ~ALL_SEALS) != 0) {
          return -Errno.EINVAL;
        }
        if (!(f.inode instanceof MemRegular m)) {
          return -Errno.EINVAL;
        }
        boolean open = (m.seals() & Fcntl.F_SEAL_SEAL) == 0;
        return open && (arg & Fcntl.F_SEAL_WRITE) != 0 && isMappedForWriting(t, m)
            ? -Errno.EBUSY
            : m.addSeals((int) arg);
      }
      case Fcntl.F_GETLEASE -> {
        return Fcntl.F_UNLCK;
      }
      case Fcntl.F_GET_RW_HINT, Fcntl.F_GET_FILE_RW_HINT -> {
        return t.mm.writeLong(arg, 0);
      }
      case Fcntl.F_SET_RW_HINT, Fcntl.F_SET_FILE_RW_HINT -> {
        return 0;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
  }

  /** Whether there is somebody whom F_SETOWN could mean; 0 is nobody. */
  private static long checkOwner(Task t, int type, int owner) {
    if (type < F_OWNER_TID || type > F_OWNER_PGRP) {
      return -Errno.EINVAL;
    }
    var pids = t.kernel().pids();
    boolean known =
        owner == 0 || (type == F_OWNER_PGRP ? pids.processGroup(owner) : pids.task(owner)) != null;
    return known ? 0 : -Errno.ESRCH;
  }

  /** Whether some process has a shared mapping through which it can write to the file. */
  private static boolean isMappedForWriting(Task t, Inode inode) {
    boolean[] found = {false};
    for (ThreadGroup group : t.kernel().pids().groups()) {
      for (Task each : group.tasks()) {
        if (!each.hasExited()) {
          each.mm.forEachVma(v -> {
            File mapped = v.file();
            found[0] |= v.mayWriteToFile() && mapped != null && mapped.inode == inode;
          });
        }
      }
    }
    return found[0];
  }
}

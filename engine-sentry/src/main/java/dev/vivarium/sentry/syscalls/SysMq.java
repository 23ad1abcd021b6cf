package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.mq.PosixQueues;
import dev.vivarium.sentry.ipc.mq.QueueFile;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.net.NetlinkSocket;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Times;
import org.jspecify.annotations.Nullable;

/** mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr. */
final class SysMq {
  private static final int MQ_PRIO_MAX = 32_768;
  private static final int ATTR_SIZE = 64;
  private static final int SIGEVENT_SIZE = 64;

  /** What SIGEV_THREAD's sigval points to: linux/mqueue.h. */
  private static final int COOKIE_SIZE = 32;

  private SysMq() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.MQ_OPEN, "mq_open", SysMq::open);
    b.full(Sys.MQ_UNLINK, "mq_unlink", SysMq::unlink);
    b.full(Sys.MQ_TIMEDSEND, "mq_timedsend", SysMq::timedsend);
    b.full(Sys.MQ_TIMEDRECEIVE, "mq_timedreceive", SysMq::timedreceive);
    b.full(Sys.MQ_NOTIFY, "mq_notify", SysMq::notify);
    b.full(Sys.MQ_GETSETATTR, "mq_getsetattr", SysMq::getsetattr);
  }

  static long open(Task t, long nameAt, long flags, long mode, long attr, long a4, long a5) {
    PosixQueues.Limits limits = null;
    if (attr != 0) {
      byte[] b = new byte[ATTR_SIZE];
      if (t.mm.copyIn(attr, b, 0, ATTR_SIZE) < 0) {
        return -Errno.EFAULT;
      }
      limits = new PosixQueues.Limits(Bytes.getLong(b, 8), Bytes.getLong(b, 16));
    }
    String name = GuestPath.read(t, nameAt);
    if (name == null) {
      return t.mm.error();
    }
    if (!t.fds.hasRoom()) {
      return -Errno.EMFILE;
    }
    FileRef ref = new FileRef();
    long rc = t.kernel().messageQueues().open(t, name, (int) flags, (int) mode, limits, ref);
    return rc < 0 ? rc : GuestPath.install(t, ref.file, true);
  }

  static long unlink(Task t, long nameAt, long a1, long a2, long a3, long a4, long a5) {
    String name = GuestPath.read(t, nameAt);
    return name == null ? t.mm.error() : t.kernel().messageQueues().unlink(t, name);
  }

  /** An absolute time limit on the realtime clock as one on the kernel's, or a negative errno. */
  private static long deadline(Task t, long timeout) {
    if (timeout == 0) {
      return Task.NO_DEADLINE;
    }
    long nanos = Deadlines.readTimespec(t, timeout);
    return nanos < 0 ? nanos : Deadlines.after(Math.max(0, nanos - Times.now()));
  }

  private static @Nullable QueueFile queue(Task t, long fd) {
    return t.fds.get((int) fd) instanceof QueueFile q ? q : null;
  }

  static long timedsend(
      Task t, long fd, long message, long length, long priority, long timeout, long a5) {
    long deadline = deadline(t, timeout);
    if (deadline < 0) {
      return deadline;
    }
    if (Integer.compareUnsigned((int) priority, MQ_PRIO_MAX) >= 0) {
      return -Errno.EINVAL;
    }
    QueueFile q = queue(t, fd);
    if (q == null || !q.isWritable()) {
      return -Errno.EBADF;
    }
    if (Long.compareUnsigned(length, q.messageSize()) > 0) {
      return -Errno.EMSGSIZE;
    }
    q.acquire();
    try {
      byte[] bytes = new byte[(int) length];
      if (t.mm.copyIn(message, bytes, 0, bytes.length) < 0) {
        return -Errno.EFAULT;
      }
      return q.send(t, (int) priority, bytes, deadline);
    } finally {
      q.drop(t);
    }
  }

  static long timedreceive(
      Task t, long fd, long buffer, long length, long priorityOut, long timeout, long a5) {
    long deadline = deadline(t, timeout);
    if (deadline < 0) {
      return deadline;
    }
    QueueFile q = queue(t, fd);
    if (q == null || !q.isReadable()) {
      return -Errno.EBADF;
    }
    if (Long.compareUnsigned(length, q.messageSize()) < 0) {
      return -Errno.EMSGSIZE;
    }
    q.acquire();
    try {
      long[] error = {0};
      QueueFile.Received m = q.receive(t, deadline, error);
      if (m == null) {
        return error[0];
      }
      if (priorityOut != 0 && t.mm.writeInt(priorityOut, m.priority()) < 0
          || t.mm.copyOut(buffer, m.bytes(), 0, m.bytes().length) < 0) {
        return -Errno.EFAULT;
      }
      return m.bytes().length;
    } finally {
      q.drop(t);
    }
  }

  static long notify(Task t, long fd, long event, long a2, long a3, long a4, long a5) {
    if (event == 0) {
      QueueFile q = queue(t, fd);
      if (q == null) {
        return -Errno.EBADF;
      }
      q.unregister(t);
      return 0;
    }
    byte[] b = new byte[SIGEVENT_SIZE];
    if (t.mm.copyIn(event, b, 0, b.length) < 0) {
      return -Errno.EFAULT;
    }
    long value = Bytes.getLong(b, 0);
    int signo = Bytes.getInt(b, 8);
    int kind = Bytes.getInt(b, 12);
    if (kind != Signals.SIGEV_NONE && kind != Signals.SIGEV_SIGNAL && kind != Signals.SIGEV_THREAD
        || kind == Signals.SIGEV_SIGNAL && signo != 0 && !SignalSet.isValid(signo)) {
      return -Errno.EINVAL;
    }
    NetlinkSocket socket = null;
    byte[] cookie = {};
    if (kind == Signals.SIGEV_THREAD) {
      cookie = new byte[COOKIE_SIZE];
      if (t.mm.copyIn(value, cookie, 0, COOKIE_SIZE) < 0) {
        return -Errno.EFAULT;
      }
      File f = t.fds.get(signo);
      if (f == null) {
        return -Errno.EBADF;
      }
      if (!(f instanceof NetlinkSocket netlink)) {
        return -Errno.ENOTSOCK;
      }
      socket = netlink;
    }
    QueueFile q = queue(t, fd);
    return q == null ? -Errno.EBADF : q.register(t, kind, signo, value, socket, cookie);
  }

  static long getsetattr(Task t, long fd, long newAt, long oldAt, long a3, long a4, long a5) {
    long wanted = 0;
    if (newAt != 0) {
      byte[] b = new byte[ATTR_SIZE];
      if (t.mm.copyIn(newAt, b, 0, ATTR_SIZE) < 0) {
        return -Errno.EFAULT;
      }
      wanted = Bytes.getLong(b, 0);
      if ((wanted & ~Fcntl.O_NONBLOCK) != 0) {
        return -Errno.EINVAL;
      }
    }
    QueueFile q = queue(t, fd);
    if (q == null) {
      return -Errno.EBADF;
    }
    byte[] b = new byte[ATTR_SIZE];
    Bytes.putLong(b, 0, q.flags & Fcntl.O_NONBLOCK);
    Bytes.putLong(b, 8, q.maxMessages());
    Bytes.putLong(b, 16, q.messageSize());
    Bytes.putLong(b, 24, q.count());
    if (newAt != 0) {
      q.flags = q.flags & ~Fcntl.O_NONBLOCK | (int) wanted;
    }
    return oldAt != 0 && t.mm.copyOut(oldAt, b, 0, ATTR_SIZE) < 0 ? -Errno.EFAULT : 0;
  }
}

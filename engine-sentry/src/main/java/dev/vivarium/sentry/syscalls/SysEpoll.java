package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.EpollFile;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.GuestMemory;
import dev.vivarium.sentry.vfs.File;

/** epoll_create, epoll_ctl, epoll_wait and their variants. */
final class SysEpoll {
  private static final int EVENT_SIZE = 12;
  private static final int MAX_EVENTS = Integer.MAX_VALUE / EVENT_SIZE;
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_DEL = 2;
  private static final int EPOLL_CTL_MOD = 3;

  private SysEpoll() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.EPOLL_CREATE, "epoll_create", SysEpoll::create);
    b.full(Sys.EPOLL_CREATE1, "epoll_create1", SysEpoll::create1);
    b.full(Sys.EPOLL_CTL, "epoll_ctl", SysEpoll::ctl);
    b.full(Sys.EPOLL_WAIT, "epoll_wait", SysEpoll::epollWait).fast();
    b.full(Sys.EPOLL_PWAIT, "epoll_pwait", SysEpoll::pwait).fast();
    b.full(Sys.EPOLL_PWAIT2, "epoll_pwait2", SysEpoll::pwait2);
  }

  static long create(Task t, long size, long a1, long a2, long a3, long a4, long a5) {
    return (int) size <= 0 ? -Errno.EINVAL : create1(t, 0, 0, 0, 0, 0, 0);
  }

  static long create1(Task t, long flags, long a1, long a2, long a3, long a4, long a5) {
    if (((int) flags & ~Fcntl.O_CLOEXEC) != 0) {
      return -Errno.EINVAL;
    }
    EpollFile file =
        new EpollFile(
            t.kernel().anonFileSystems().anonInodes().newInode(t, 0600, "anon_inode:[eventpoll]"),
            Fcntl.O_RDWR);
    return SysEventfd.install(t, file, flags != 0);
  }

  static long ctl(Task t, long epfd, long op, long fd, long event, long a4, long a5) {
    int events = 0;
    long data = 0;
    if ((int) op != EPOLL_CTL_DEL) {
      byte[] b = new byte[EVENT_SIZE];
      if (t.mm.copyIn(event, b, 0, EVENT_SIZE) < 0) {
        return -Errno.EFAULT;
      }
      events = Bytes.getInt(b, 0);
      data = Bytes.getLong(b, 4);
    }
    File epoll = t.fds.get((int) epfd);
    File target = t.fds.get((int) fd);
    if (epoll == null || target == null) {
      return -Errno.EBADF;
    }
    if (target.pollQueue() == null) {
      return -Errno.EPERM;
    }
    if (epoll == target || !(epoll instanceof EpollFile e)) {
      return -Errno.EINVAL;
    }
    return switch ((int) op) {
      case EPOLL_CTL_ADD -> e.add((int) fd, target, events, data);
      case EPOLL_CTL_DEL -> e.delete((int) fd, target);
      case EPOLL_CTL_MOD -> e.modify((int) fd, target, events, data);
      default -> -Errno.EINVAL;
    };
  }

  static long epollWait(Task t, long epfd, long events, long max, long timeout, long a4, long a5) {
    return doWait(t, (int) epfd, events, (int) max, deadlineOfMillis((int) timeout));
  }

  static long pwait(Task t, long epfd, long events, long max, long timeout, long mask, long size) {
    return masked(t, epfd, events, max, deadlineOfMillis((int) timeout), mask, size);
  }

  static long pwait2(Task t, long epfd, long events, long max, long timeout, long mask, long size) {
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      long nanos = Deadlines.readTimespec(t, timeout);
      if (nanos < 0) {
        return nanos;
      }
      deadline = Deadlines.after(nanos);
    }
    return masked(t, epfd, events, max, deadline, mask, size);
  }

  private static long deadlineOfMillis(int millis) {
    return millis < 0 ? Task.NO_DEADLINE : Deadlines.after(millis * 1_000_000L);
  }

  private static long masked(
      Task t, long epfd, long events, long max, long deadline, long mask, long size) {
    if (mask != 0) {
      t.needCoroutine();
      long r = SysSigmask.set(t, mask, size);
      if (r < 0) {
        return r;
      }
    }
    long r = doWait(t, (int) epfd, events, (int) max, deadline);
    t.endTemporarySigmask(r);
    return r;
  }

  private static long doWait(Task t, int epfd, long address, int max, long deadline) {
    if (max <= 0 || max > MAX_EVENTS) {
      return -Errno.EINVAL;
    }
    if (!GuestMemory.isUser(address, (long) max * EVENT_SIZE)) {
      return -Errno.EFAULT;
    }
    File f = t.fds.get(epfd);
    if (f == null) {
      return -Errno.EBADF;
    }
    if (!(f instanceof EpollFile epoll)) {
      return -Errno.EINVAL;
    }
    if (t.isAnsweredFast() && !answersAtOnce(t, epoll, address, max, deadline)) {
      return Task.NEEDS_COROUTINE;
    }
    f.acquire();
    try {
      EventWriter writer = new EventWriter(t, address);
      for (; ; ) {
        int n = epoll.collect(max, writer);
        if (n > 0) {
          return n;
        }
        if (writer.failed) {
          return -Errno.EFAULT;
        }
        if (deadline <= System.nanoTime()) {
          return 0;
        }
        if (epoll.await(t, deadline) == -Errno.ERESTARTSYS) {
          return -Errno.EINTR;
        }
      }
    } finally {
      f.drop(t);
    }
  }

  /** Whether there is something to report or nothing to wait for, and a place for all of it. */
  private static boolean answersAtOnce(
      Task t, EpollFile epoll, long address, int max, long deadline) {
    if (epoll.poll() == 0) {
      return deadline <= System.nanoTime();
    }
    long length = (long) Math.min(max, epoll.readyItems()) * EVENT_SIZE;
    return t.mm.uio(address, length).peek(true) >= length;
  }

  private static final class EventWriter implements EpollFile.Sink {
    private final Task task;
    private final byte[] event = new byte[EVENT_SIZE];
    private long address;
    boolean failed;

    EventWriter(Task task, long address) {
      this.task = task;
      this.address = address;
    }

    @Override
    public boolean accept(int events, long data) {
      Bytes.putInt(event, 0, events);
      Bytes.putLong(event, 4, data);
      if (task.mm.copyOut(address, event, 0, EVENT_SIZE) < 0) {
        failed = true;
        return false;
      }
      address += EVENT_SIZE;
      return true;
    }
  }
}

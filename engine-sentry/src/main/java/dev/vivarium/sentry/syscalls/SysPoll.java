package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.ipc.Poller;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;

/** poll, ppoll, select, pselect6. */
final class SysPoll {
  private static final int POLLFD_SIZE = 8;

  /** What select's three sets ask for (fs/select.c). */
  private static final int READ_SET =
      Poll.RDNORM | Poll.RDBAND | Poll.IN | Poll.HUP | Poll.ERR | Poll.NVAL;

  private static final int WRITE_SET = Poll.WRBAND | Poll.WRNORM | Poll.OUT | Poll.ERR | Poll.NVAL;
  private static final int EXCEPT_SET = Poll.PRI | Poll.NVAL;

  private SysPoll() {}

  static void register(SyscallTable.Builder b) {
    b.full(Sys.POLL, "poll", SysPoll::poll);
    b.full(Sys.PPOLL, "ppoll", SysPoll::ppoll);
    b.full(Sys.SELECT, "select", SysPoll::select);
    b.full(Sys.PSELECT6, "pselect6", SysPoll::pselect6);
  }

  static long poll(Task t, long fds, long count, long timeout, long a3, long a4, long a5) {
    int millis = (int) timeout;
    long deadline = millis < 0 ? Task.NO_DEADLINE : Deadlines.after(millis * 1_000_000L);
    return pollRestarting(t, fds, (int) count, deadline);
  }

  private static long pollRestarting(Task t, long fds, int count, long deadline) {
    long r = doPoll(t, fds, count, deadline);
    return r == -Errno.ERESTARTSYS
        ? t.restartWith(task -> pollRestarting(task, fds, count, deadline))
        : r;
  }

  static long ppoll(Task t, long fds, long count, long timeout, long mask, long size, long a5) {
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      long nanos = Deadlines.readTimespec(t, timeout);
      if (nanos < 0) {
        return nanos;
      }
      deadline = Deadlines.after(nanos);
    }
    if (mask != 0) {
      long r = SysSigmask.set(t, mask, size);
      if (r < 0) {
        return r;
      }
    }
    long r = doPoll(t, fds, (int) count, deadline);
    if (r == -Errno.ERESTARTSYS) {
      r = -Errno.ERESTARTNOHAND;
    }
    if (timeout != 0) {
      writeRemaining(t, timeout, deadline, 1);
    }
    t.endTemporarySigmask(r);
    return r;
  }

  /** What is left of the time goes back to the guest; that it cannot be stored is no error. */
  private static void writeRemaining(Task t, long address, long deadline, int divisor) {
    long left = Deadlines.remaining(deadline);
    if (t.mm.writeLong(address, left / Deadlines.NANOS) == 0) {
      t.mm.writeLong(address + 8, left % Deadlines.NANOS / divisor);
    }
  }

  private static long doPoll(Task t, long fds, int count, long deadline) {
    if (count < 0 || count > t.fds.limit()) {
      return -Errno.EINVAL;
    }
    byte[] set = new byte[count * POLLFD_SIZE];
    if (t.mm.copyIn(fds, set, 0, set.length) < 0) {
      return -Errno.EFAULT;
    }
    long ready;
    int[] entryOf = new int[count];
    try (Poller poller = new Poller(t, count)) {
      int watched = 0;
      for (int i = 0; i < count; i++) {
        int fd = Bytes.getInt(set, i * POLLFD_SIZE);
        File f = t.fds.get(fd);
        if (f == null) {
          entryOf[i] = fd < 0 ? -1 : -2;
        } else {
          poller.add(f, Bytes.getShort(set, i * POLLFD_SIZE + 4));
          entryOf[i] = watched++;
        }
      }
      for (; ; ) {
        ready = 0;
        for (int i = 0; i < count; i++) {
          int events =
              switch (entryOf[i]) {
                case -1 -> 0;
                case -2 -> Poll.NVAL;
                default -> poller.events(entryOf[i]);
              };
          Bytes.putShort(set, i * POLLFD_SIZE + 6, events);
          if (events != 0) {
            ready++;
          }
        }
        if (ready > 0) {
          break;
        }
        if (deadline <= System.nanoTime()) {
          if (t.signalPending()) {
            return -Errno.ERESTARTSYS;
          }
          break;
        }
        long w = poller.await(deadline);
        if (w == -Errno.ERESTARTSYS) {
          return w;
        }
      }
    }
    // Only revents is the kernel's to write: another thread may be changing events meanwhile.
    for (int i = 0; i < count; i++) {
      int at = i * POLLFD_SIZE + 6;
      if (t.mm.copyOut(fds + at, set, at, 2) < 0) {
        return -Errno.EFAULT;
      }
    }
    return ready;
  }

  static long select(Task t, long n, long in, long out, long ex, long timeout, long a5) {
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      byte[] b = new byte[16];
      if (t.mm.copyIn(timeout, b, 0, 16) < 0) {
        return -Errno.EFAULT;
      }
      long seconds = Bytes.getLong(b, 0);
      long micros = Bytes.getLong(b, 8);
      if (seconds < 0 || micros < 0) {
        return -Errno.EINVAL;
      }
      long nanos = Deadlines.nanos(seconds + micros / 1_000_000, micros % 1_000_000 * 1000);
      if (nanos < 0) {
        return nanos;
      }
      deadline = Deadlines.after(nanos);
    }
    long r = doSelect(t, (int) n, in, out, ex, deadline);
    if (timeout != 0) {
      writeRemaining(t, timeout, deadline, 1000);
    }
    return r;
  }

  static long pselect6(Task t, long n, long in, long out, long ex, long timeout, long sig) {
    byte[] pair = new byte[16];
    if (sig != 0 && t.mm.copyIn(sig, pair, 0, 16) < 0) {
      return -Errno.EFAULT;
    }
    long deadline = Task.NO_DEADLINE;
    if (timeout != 0) {
      long nanos = Deadlines.readTimespec(t, timeout);
      if (nanos < 0) {
        return nanos;
      }
      deadline = Deadlines.after(nanos);
    }
    long mask = Bytes.getLong(pair, 0);
    if (mask != 0) {
      long r = SysSigmask.set(t, mask, Bytes.getLong(pair, 8));
      if (r < 0) {
        return r;
      }
    }
    long r = doSelect(t, (int) n, in, out, ex, deadline);
    if (timeout != 0) {
      writeRemaining(t, timeout, deadline, 1);
    }
    t.endTemporarySigmask(r);
    return r;
  }

  private static long doSelect(Task t, int n, long in, long out, long ex, long deadline) {
    if (n < 0) {
      return -Errno.EINVAL;
    }
    // Linux looks no further than the descriptor table reaches.
    int count = Math.min(n, t.fds.capacity());
    int bytes = (count + 63) / 64 * 8;
    byte[][] sets = new byte[3][];
    long[] addresses = {in, out, ex};
    for (int s = 0; s < 3; s++) {
      sets[s] = new byte[bytes];
      if (addresses[s] != 0 && t.mm.copyIn(addresses[s], sets[s], 0, bytes) < 0) {
        return -Errno.EFAULT;
      }
    }
    byte[][] results = {new byte[bytes], new byte[bytes], new byte[bytes]};
    int[] fdOf = new int[count];
    int watched = 0;
    long ready;
    try (Poller poller = new Poller(t, 16)) {
      for (int fd = 0; fd < count; fd++) {
        int interest =
            (has(sets[0], fd) ? READ_SET : 0)
                | (has(sets[1], fd) ? WRITE_SET : 0)
                | (has(sets[2], fd) ? EXCEPT_SET : 0);
        if (interest != 0) {
          File f = t.fds.get(fd);
          if (f == null) {
            return -Errno.EBADF;
          }
          poller.add(f, interest);
          fdOf[watched++] = fd;
        }
      }
      for (; ; ) {
        ready = 0;
        for (int i = 0; i < watched; i++) {
          int fd = fdOf[i];
          int events = poller.events(i);
          ready += mark(sets[0], results[0], fd, events & READ_SET);
          ready += mark(sets[1], results[1], fd, events & WRITE_SET);
          ready += mark(sets[2], results[2], fd, events & EXCEPT_SET);
        }
        if (ready > 0) {
          break;
        }
        if (deadline <= System.nanoTime()) {
          if (t.signalPending()) {
            return -Errno.ERESTARTNOHAND;
          }
          break;
        }
        long w = poller.await(deadline);
        if (w == -Errno.ERESTARTSYS) {
          return -Errno.ERESTARTNOHAND;
        }
      }
    }
    for (int s = 0; s < 3; s++) {
      if (addresses[s] != 0 && t.mm.copyOut(addresses[s], results[s], 0, bytes) < 0) {
        return -Errno.EFAULT;
      }
    }
    return ready;
  }

  private static boolean has(byte[] set, int fd) {
    return (set[fd >> 3] & 1 << (fd & 7)) != 0;
  }

  private static int mark(byte[] asked, byte[] result, int fd, int events) {
    if (events == 0 || !has(asked, fd)) {
      return 0;
    }
    result[fd >> 3] |= (byte) (1 << (fd & 7));
    return 1;
  }
}

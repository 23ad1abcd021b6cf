package dev.vivarium.sentry.vfs.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * An open file over a descriptor that this process inherited.
 *
 * <p>The descriptor stays in the mode that it came in, because others share it: it may block. So
 * reads and writes ask for no waiting (RWF_NOWAIT), and where the host cannot do that (terminals,
 * older kernels) they are made only when poll says that they would not wait. Regular files are
 * always ready.
 */
public final class HostFile extends File {
  private static final int BUFFER = 64 * 1024;

  /**
   * What a pipe that polls as writable takes for certain (PIPE_BUF), and a terminal in practice.
   */
  private static final int SURE_PIPE_WRITE = 4096;

  private static final int SURE_TERMINAL_WRITE = 512;

  private static final int RWF_NOWAIT = 8;

  private final int fd;
  private final HostPoller poller;
  private final WaitQueue queue = new WaitQueue();
  private boolean watchingInput;
  private boolean watchingOutput;
  private boolean noWaitWorks = true;
  private @Nullable MemorySegment buffer;

  HostFile(HostInode inode, int flags) {
    super(inode, null, flags);
    this.fd = inode.fd;
    this.poller = ((HostFs) inode.fs).poller();
  }

  /** Opens an inherited descriptor with the access that it has. */
  static HostFile of(HostInode inode) {
    int flags = Libc.fcntl(inode.fd, Libc.F_GETFL, 0);
    int access = flags < 0 ? Fcntl.O_RDWR : flags & (Fcntl.O_ACCMODE | Fcntl.O_APPEND);
    return new HostFile(inode, access);
  }

  private MemorySegment buffer() {
    MemorySegment b = buffer;
    if (b == null) {
      // A page more for the iovec that preadv2 and pwritev2 take.
      b = Arena.ofAuto().allocate(BUFFER + 16, 16);
      buffer = b;
    }
    return b;
  }

  private boolean isRegular() {
    return inode.isRegular();
  }

  private int sureWrite() {
    return (inode.mode & Stat.S_IFMT) == Stat.S_IFCHR ? SURE_TERMINAL_WRITE : SURE_PIPE_WRITE;
  }

  @Override
  public boolean canSplice() {
    return true;
  }

  @Override
  public boolean hasAsync() {
    return true;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    if (dst.remaining() == 0) {
      return 0;
    }
    for (; ; ) {
      if (dst.peek(true) <= 0) {
        return -Errno.EFAULT; // before anything is taken that could not be stored
      }
      int wanted = (int) Math.min(dst.remaining(), BUFFER);
      long n = readNow(wanted);
      if (n >= 0) {
        return n == 0 ? 0 : dst.put(buffer(), 0, n);
      }
      if (n != -Errno.EAGAIN) {
        return n;
      }
      watchInput(); // also without waiting: an edge-triggered epoll counts on being told
      if (isNonBlocking()) {
        return n;
      }
      long w = t.waitOn(queue, Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
  }

  private long readNow(int count) {
    if (isRegular()) {
      return Libc.read(fd, buffer().address(), count);
    }
    if (noWaitWorks) {
      long n = vectored(Sys.PREADV2, count);
      if (n != -Errno.EOPNOTSUPP && n != -Errno.ENOSYS) {
        return n;
      }
      noWaitWorks = false;
    }
    return HostPoller.poll(fd, Poll.IN) == 0
        ? -Errno.EAGAIN
        : Libc.read(fd, buffer().address(), count);
  }

  private long vectored(int call, int count) {
    MemorySegment b = buffer();
    Fields.putLong(b, BUFFER, b.address());
    Fields.putLong(b, BUFFER + 8, count);
    long n;
    do {
      n = Libc.syscall(call, fd, b.address() + BUFFER, 1, -1, -1, RWF_NOWAIT);
    } while (n == -Errno.EINTR);
    return n;
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    long done = 0;
    while (src.remaining() > 0) {
      if (src.peek(false) <= 0) {
        return done > 0 ? done : -Errno.EFAULT;
      }
      int count = (int) src.take(buffer(), 0, Math.min(src.remaining(), BUFFER));
      int sent = 0;
      while (sent < count) {
        long n = writeNow(count - sent);
        if (n > 0) {
          sent += (int) n;
          MemorySegment b = buffer();
          MemorySegment.copy(b, n, b, 0, count - sent);
          continue;
        }
        long failure = n == 0 ? -Errno.EIO : n;
        if (failure == -Errno.EPIPE) {
          t.sendSignal(SignalInfo.kernel(Signals.SIGPIPE));
        } else if (failure == -Errno.EAGAIN && isNonBlocking()) {
          watchOutput();
        } else if (failure == -Errno.EAGAIN) {
          byte[] rest = new byte[count - sent];
          Fields.copy(buffer(), 0, rest, 0, rest.length);
          watchOutput();
          failure = t.waitOn(queue, Task.NO_DEADLINE);
          if (failure == 0) {
            // Another task may have used the buffer meanwhile.
            Fields.copy(rest, 0, buffer(), 0, rest.length);
            continue;
          }
        }
        return done + sent > 0 ? done + sent : failure;
      }
      done += count;
    }
    return done;
  }

  private long writeNow(int count) {
    if (isRegular()) {
      return Libc.write(fd, buffer().address(), count);
    }
    if (noWaitWorks) {
      long n = vectored(Sys.PWRITEV2, count);
      if (n != -Errno.EOPNOTSUPP && n != -Errno.ENOSYS) {
        return n;
      }
      noWaitWorks = false;
    }
    int ready = HostPoller.poll(fd, Poll.OUT);
    return ready == 0
        ? -Errno.EAGAIN
        : Libc.write(fd, buffer().address(), Math.min(count, sureWrite()));
  }

  private void watchInput() {
    if (!watchingInput) {
      watchingInput = true;
      poller.watch(
          fd,
          Poll.IN,
          () -> {
            watchingInput = false;
            queue.wake(Poll.IN | Poll.RDNORM);
          });
    }
  }

  private void watchOutput() {
    if (!watchingOutput) {
      watchingOutput = true;
      poller.watch(
          fd,
          Poll.OUT,
          () -> {
            watchingOutput = false;
            queue.wake(Poll.OUT | Poll.WRNORM);
          });
    }
  }

  @Override
  public int poll() {
    int interest = (isReadable() ? Poll.IN : 0) | (isWritable() ? Poll.OUT : 0);
    int ready = HostPoller.poll(fd, interest);
    if (!queue.isEmpty()) {
      // Somebody watches: what is not ready now is to be told when it is.
      if ((interest & ~ready & Poll.IN) != 0) {
        watchInput();
      }
      if ((interest & ~ready & Poll.OUT) != 0) {
        watchOutput();
      }
    }
    return ready
        | ((ready & Poll.IN) != 0 ? Poll.RDNORM : 0)
        | ((ready & Poll.OUT) != 0 ? Poll.WRNORM : 0);
  }

  @Override
  public @Nullable WaitQueue pollQueue() {
    return isRegular() ? null : queue;
  }

  @Override
  public long seek(Task t, long offset, int whence) {
    return isRegular() ? Libc.syscall(Sys.LSEEK, fd, offset, whence, 0, 0, 0) : -Errno.ESPIPE;
  }

  @Override
  public long sync(Task t) {
    return isRegular() ? Libc.fsync(fd) : -Errno.EINVAL;
  }

  /** A terminal of the host is no terminal of the guest: it has no line discipline here. */
  @Override
  public long ioctl(Task t, int command, long argument) {
    if (command != Ioctls.FIONREAD) {
      return -Errno.ENOTTY;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(4, 4);
      long r = Libc.syscall(Sys.IOCTL, fd, Ioctls.FIONREAD, count.address(), 0, 0, 0);
      return r < 0 ? r : t.mm.writeInt(argument, Fields.getInt(count, 0));
    }
  }
}

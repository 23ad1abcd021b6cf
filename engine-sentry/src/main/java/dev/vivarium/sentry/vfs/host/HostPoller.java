package dev.vivarium.sentry.vfs.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.KernelLoop;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;

/** One helper thread that waits until host descriptors are ready, each watch once. */
final class HostPoller {
  private static final int POLLFD_SIZE = 8;

  /** Before it tries again after something that must not happen. */
  private static final long PAUSE_NANOS = 100_000_000;

  private static final int EFD_CLOEXEC = 0x80000;
  private static final int EFD_NONBLOCK = 0x800;

  private final KernelLoop loop;
  private final ConcurrentLinkedQueue<Watch> inbox = new ConcurrentLinkedQueue<>();
  private final int bell;
  private boolean started;

  /**
   * @param ready run on the kernel thread
   */
  private record Watch(int fd, int events, Runnable ready) {}

  HostPoller(KernelLoop loop) {
    this.loop = loop;
    this.bell = (int) Libc.syscall(Sys.EVENTFD2, 0, EFD_CLOEXEC | EFD_NONBLOCK, 0, 0, 0, 0);
    if (bell < 0) {
      throw new IllegalStateException("eventfd for the standard streams: " + Errno.name(-bell));
    }
  }

  /** Readiness of a descriptor now, without waiting. */
  static int poll(int fd, int events) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = arena.allocate(POLLFD_SIZE, 8);
      put(set, 0, fd, events);
      long n = Libc.syscall(Sys.POLL, set.address(), 1, 0, 0, 0, 0);
      return n > 0 ? revents(set, 0) : 0;
    }
  }

  private static void put(MemorySegment set, int index, int fd, int events) {
    Fields.putInt(set, (long) index * POLLFD_SIZE, fd);
    Fields.putShort(set, (long) index * POLLFD_SIZE + 4, (short) events);
    Fields.putShort(set, (long) index * POLLFD_SIZE + 6, (short) 0);
  }

  private static int revents(MemorySegment set, int index) {
    return Fields.getShort(set, (long) index * POLLFD_SIZE + 6) & 0xffff;
  }

  /** Has {@code ready} run on the kernel thread, once, when the descriptor is ready. */
  void watch(int fd, int events, Runnable ready) {
    inbox.add(new Watch(fd, events, ready));
    if (!started) {
      started = true;
      Thread.ofPlatform().daemon(true).name("host-poller").start(this::run);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(8, 8);
      Fields.putLong(one, 0, 1);
      Libc.write(bell, one.address(), 8);
    }
  }

  private void run() {
    List<Watch> watches = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment drain = arena.allocate(8, 8);
      for (; ; ) {
        for (Watch w = inbox.poll(); w != null; w = inbox.poll()) {
          watches.add(w);
        }
        try {
          waitOnce(watches);
        } catch (RuntimeException | Error bug) {
          loop.post(() -> {
            throw new IllegalStateException("the poller of host descriptors", bug);
          });
          LockSupport.parkNanos(PAUSE_NANOS);
        }
        Libc.read(bell, drain.address(), 8);
      }
    }
  }

  private void waitOnce(List<Watch> watches) {
    try (Arena arena = Arena.ofConfined()) {
      int count = watches.size() + 1;
      MemorySegment set = arena.allocate((long) count * POLLFD_SIZE, 8);
      put(set, 0, bell, Poll.IN);
      for (int i = 1; i < count; i++) {
        put(set, i, watches.get(i - 1).fd(), watches.get(i - 1).events());
      }
      long n = Libc.syscall(Sys.POLL, set.address(), count, -1, 0, 0, 0);
      if (n <= 0) {
        return;
      }
      for (int i = count - 1; i >= 1; i--) {
        if (revents(set, i) != 0) {
          loop.post(watches.remove(i - 1).ready());
        }
      }
    }
  }
}

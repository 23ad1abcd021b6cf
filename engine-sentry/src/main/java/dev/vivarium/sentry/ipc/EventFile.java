package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;

/** eventfd(2): a counter that is read and added to. */
public final class EventFile extends File {
  public static final int EFD_SEMAPHORE = 1;

  /** The counter stays below 2^64 - 1. */
  private static final long MAX = -2;

  private final WaitQueue queue = new WaitQueue();
  private final boolean semaphore;
  private long count;

  public EventFile(Inode inode, int flags, int initial, boolean semaphore) {
    super(inode, null, flags);
    this.count = Integer.toUnsignedLong(initial);
    this.semaphore = semaphore;
  }

  /** The counter, unsigned, as fdinfo shows it. */
  public long count() {
    return count;
  }

  /** Counts something that the kernel itself saw; what does not fit is lost. */
  void add(long value) {
    count = Long.compareUnsigned(MAX - count, value) < 0 ? MAX : count + value;
    queue.wake(Poll.IN | Poll.RDNORM);
  }

  /** lseek(2) succeeds and does nothing. */
  @Override
  public long seek(Task t, long offset, int whence) {
    return 0;
  }

  @Override
  public boolean closesAtOnce() {
    return true;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    if (dst.remaining() < 8) {
      return -Errno.EINVAL;
    }
    while (count == 0) {
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(queue, Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
    long value = semaphore ? 1 : count;
    count -= value;
    queue.wake(Poll.OUT | Poll.WRNORM);
    long n = dst.put(Bytes.ofLong(value), 0, 8);
    return n < 8 ? -Errno.EFAULT : 8;
  }

  @Override
  public long write(Task t, Uio src, long offset) {
    if (src.remaining() != 8) {
      return -Errno.EINVAL;
    }
    byte[] raw = new byte[8];
    if (src.take(raw, 0, 8) < 8) {
      return -Errno.EFAULT;
    }
    long value = Bytes.getLong(raw, 0);
    if (value == -1) {
      return -Errno.EINVAL;
    }
    while (Long.compareUnsigned(MAX - count, value) < 0) {
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(queue, Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
    count += value;
    if (count != 0) {
      queue.wake(Poll.IN | Poll.RDNORM);
    }
    return 8;
  }

  @Override
  public int poll() {
    int events = count != 0 ? Poll.IN | Poll.RDNORM : 0;
    return Long.compareUnsigned(count, MAX) < 0 ? events | Poll.OUT | Poll.WRNORM : events;
  }

  @Override
  public WaitQueue pollQueue() {
    return queue;
  }
}

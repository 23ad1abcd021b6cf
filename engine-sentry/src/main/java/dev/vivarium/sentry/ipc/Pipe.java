package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;

/**
 * A pipe or an opened FIFO: the bytes in it, who has which end open, and who waits.
 *
 * <p>Readers and writers wait on queues of their own, so that a burst of small writes does not wake
 * the other writers.
 */
public final class Pipe {
  private final PipeBuffer buffer = new PipeBuffer();
  private int readers;
  private int writers;

  /** How often each end was opened; a FIFO's open waits until the other count moves. */
  private long readerOpens;

  private long writerOpens;

  private final WaitQueue readQueue = new WaitQueue();
  private final WaitQueue writeQueue = new WaitQueue();
  private final WaitQueue bothQueue = new WaitQueue();

  int readers() {
    return readers;
  }

  int writers() {
    return writers;
  }

  long readerOpens() {
    return readerOpens;
  }

  long writerOpens() {
    return writerOpens;
  }

  /** Woken when there may be something to read, or an end of the data. */
  WaitQueue readQueue() {
    return readQueue;
  }

  /** Woken when there may be room, or no reader any more. */
  WaitQueue writeQueue() {
    return writeQueue;
  }

  /** Woken for both reasons. */
  WaitQueue bothQueue() {
    return bothQueue;
  }

  /** Bytes that a read would find now (FIONREAD). */
  public int used() {
    return buffer.used();
  }

  public int capacity() {
    return buffer.capacity();
  }

  long setCapacity(long wanted, boolean privileged) {
    long r = buffer.resize(wanted, privileged);
    wakeWriters(Poll.OUT | Poll.WRNORM);
    return r;
  }

  void openReader() {
    readers++;
    readerOpens++;
    wakeWriters(Poll.OUT | Poll.WRNORM);
  }

  void openWriter() {
    writers++;
    writerOpens++;
    wakeReaders(0);
  }

  void closeReader() {
    if (--readers == 0) {
      wakeWriters(Poll.ERR | Poll.OUT | Poll.WRNORM);
      clearIfUnused();
    }
  }

  void closeWriter() {
    if (--writers == 0) {
      wakeReaders(Poll.HUP | Poll.IN | Poll.RDNORM);
      clearIfUnused();
    }
  }

  /** What nobody can read any more does not outlive the last user. */
  private void clearIfUnused() {
    if (readers == 0 && writers == 0) {
      buffer.clear();
    }
  }

  boolean isUnused() {
    return readers == 0 && writers == 0;
  }

  private void wakeReaders(int events) {
    readQueue.wake(events);
    bothQueue.wake(events);
  }

  private void wakeWriters(int events) {
    writeQueue.wake(events);
    bothQueue.wake(events);
  }

  /** read(2) without waiting: the count, 0 at the end of the data, -EAGAIN, or -EFAULT. */
  public long tryRead(Uio dst) {
    if (dst.remaining() == 0) {
      return 0;
    }
    if (buffer.isEmpty()) {
      return writers == 0 ? 0 : -Errno.EAGAIN;
    }
    long n = buffer.read(dst);
    if (n == 0) {
      return writers == 0 ? 0 : -Errno.EAGAIN; // another reader was faster
    }
    if (n > 0 && (buffer.hasRoom() || buffer.isEmpty())) {
      wakeWriters(Poll.OUT | Poll.WRNORM);
    }
    return n;
  }

  /** write(2) without waiting: the count, -EPIPE (no signal is sent), -EAGAIN, or -EFAULT. */
  public long tryWrite(Uio src, boolean packet) {
    if (src.remaining() == 0) {
      return 0;
    }
    if (readers == 0) {
      return -Errno.EPIPE;
    }
    long n = packet ? buffer.writePacket(src) : buffer.write(src);
    if (n > 0) {
      wakeReaders(Poll.IN | Poll.RDNORM);
    }
    return n;
  }

  /** Whether {@link #read} has nothing to wait for, also not for the reader's memory. */
  boolean readsAtOnce(Uio dst) {
    int used = buffer.used();
    return used == 0 ? writers == 0 : dst.peek(true) >= Math.min(dst.remaining(), used);
  }

  /**
   * Whether {@link #write} has nothing to wait for, also not for the writer's memory. Only of those
   * that are not split.
   */
  boolean writesAtOnce(Uio src) {
    long length = src.remaining();
    return readers > 0
        && length <= Math.min(PipeBuffer.PIPE_BUF, buffer.free())
        && src.peek(false) >= length;
  }

  /** Waits as read(2) does. */
  public long read(Task t, Uio dst, boolean nonBlocking) {
    for (; ; ) {
      long n = tryRead(dst);
      if (n != -Errno.EAGAIN || nonBlocking) {
        return n;
      }
      long w = t.waitOn(readQueue, Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
  }

  /** Waits as write(2) does; sends SIGPIPE where it says so. */
  public long write(Task t, Uio src, boolean nonBlocking, boolean packet) {
    if (src.remaining() == 0) {
      return 0; // even if nobody reads
    }
    long done = 0;
    do {
      long n = tryWrite(src, packet);
      if (n >= 0) {
        done += n;
      } else if (n == -Errno.EPIPE) {
        t.sendSignal(SignalInfo.kernel(Signals.SIGPIPE));
        return done > 0 ? done : n;
      } else if (n == -Errno.EAGAIN && !nonBlocking) {
        long w = t.waitOn(writeQueue, Task.NO_DEADLINE);
        if (w < 0) {
          return done > 0 ? done : w;
        }
      } else {
        return done > 0 ? done : n;
      }
    } while (src.remaining() > 0);
    return done;
  }

  int pollRead() {
    int events = buffer.isEmpty() ? 0 : Poll.IN | Poll.RDNORM;
    return writers == 0 && writerOpens > 0 ? events | Poll.HUP : events;
  }

  int pollWrite() {
    int events = buffer.hasRoom() ? Poll.OUT | Poll.WRNORM : 0;
    return readers == 0 ? events | Poll.ERR : events;
  }

  /** Up to {@code limit} bytes from the front, which stay (tee). */
  byte[] peek(int limit) {
    return buffer.peek(limit);
  }
}

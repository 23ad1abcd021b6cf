package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Signaling;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;

/**
 * signalfd(2): reads the pending signals of the reader. Whether something can be read is asked
 * about the process that made it.
 */
public final class SignalFile extends File {
  /** Bytes of {@code struct signalfd_siginfo}. */
  private static final int RECORD = 128;

  private final ThreadGroup maker;
  private long mask;

  public SignalFile(Inode inode, int flags, ThreadGroup maker, long mask) {
    super(inode, null, flags);
    this.maker = maker;
    setMask(mask);
  }

  public void setMask(long newMask) {
    mask = newMask & ~SignalSet.UNBLOCKABLE;
    maker.signalArrivals().wake(Poll.IN);
  }

  public long mask() {
    return mask;
  }

  /** lseek(2) succeeds and does nothing. */
  @Override
  public long seek(Task t, long offset, int whence) {
    return 0;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    if (dst.remaining() < RECORD) {
      return -Errno.EINVAL;
    }
    long done = 0;
    while (dst.remaining() >= RECORD) {
      SignalInfo info = Signaling.take(t, mask);
      if (info != null) {
        long n = dst.put(encode(info), 0, RECORD);
        if (n < 0) {
          return done > 0 ? done : n;
        }
        done += n;
        continue;
      }
      if (done > 0) {
        return done;
      }
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(t.group.signalArrivals(), Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
    return done;
  }

  private static byte[] encode(SignalInfo info) {
    byte[] b = new byte[RECORD];
    Bytes.putInt(b, 0, info.signo);
    Bytes.putInt(b, 4, info.errno);
    Bytes.putInt(b, 8, info.code);
    Bytes.putInt(b, 12, info.pid);
    Bytes.putInt(b, 16, info.uid);
    Bytes.putInt(b, 20, info.fd);
    Bytes.putInt(b, 24, info.timerId);
    Bytes.putInt(b, 28, (int) info.band);
    Bytes.putInt(b, 32, info.overrun);
    Bytes.putInt(b, 40, info.status);
    Bytes.putInt(b, 44, (int) info.value);
    Bytes.putLong(b, 48, info.value);
    Bytes.putLong(b, 56, info.utime);
    Bytes.putLong(b, 64, info.stime);
    Bytes.putLong(b, 72, info.address);
    return b;
  }

  @Override
  public int poll() {
    long pending = maker.pendingSignals().set();
    for (Task t : maker.tasks()) {
      pending |= t.pendingSignals().set();
    }
    return (pending & mask) != 0 ? Poll.IN | Poll.RDNORM : 0;
  }

  @Override
  public WaitQueue pollQueue() {
    return maker.signalArrivals();
  }
}

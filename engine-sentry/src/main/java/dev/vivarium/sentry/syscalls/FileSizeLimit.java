package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** RLIMIT_FSIZE, and how large a file can be at all. */
final class FileSizeLimit {
  /** Far more than any memory file holds, and small enough that offsets do not overflow. */
  static final long MAX_FILE_SIZE = 1L << 52;

  private FileSizeLimit() {}

  /**
   * The part of a transfer that may be written at an offset; null if nothing may: -EFBIG. For
   * RLIMIT_FSIZE the task gets SIGXFSZ.
   */
  static @Nullable Uio bound(Task t, Uio src, long at) {
    long wanted = src.remaining();
    if (wanted == 0) {
      return src;
    }
    long limit = t.group.rlimits.soft(Resource.RLIMIT_FSIZE);
    if (Long.compareUnsigned(limit, MAX_FILE_SIZE) < 0 && at >= limit) {
      t.sendSignal(SignalInfo.kernel(Signals.SIGXFSZ));
      return null;
    }
    long end = Long.compareUnsigned(limit, MAX_FILE_SIZE) < 0 ? limit : MAX_FILE_SIZE;
    if (at >= end) {
      return null;
    }
    return wanted <= end - at ? src : new Bounded(src, end - at);
  }

  /** Whether a file may get this size; if not: -EFBIG, and SIGXFSZ where it is the limit. */
  static boolean allows(Task t, long size) {
    if (size > MAX_FILE_SIZE) {
      return false;
    }
    if (t.group.rlimits.exceeds(Resource.RLIMIT_FSIZE, size)) {
      t.sendSignal(SignalInfo.kernel(Signals.SIGXFSZ));
      return false;
    }
    return true;
  }

  /** The first bytes of a transfer. */
  static final class Bounded extends Uio {
    private final Uio whole;
    private long left;

    Bounded(Uio whole, long length) {
      this.whole = whole;
      this.left = Math.min(length, whole.remaining());
    }

    @Override
    public long remaining() {
      return left;
    }

    @Override
    public long peek(boolean write) {
      return left == 0 ? 0 : Math.min(left, whole.peek(write));
    }

    @Override
    public MemorySegment segment() {
      return whole.segment();
    }

    @Override
    public long segmentOffset() {
      return whole.segmentOffset();
    }

    @Override
    public void advance(long count) {
      whole.advance(count);
      left -= count;
    }
  }
}

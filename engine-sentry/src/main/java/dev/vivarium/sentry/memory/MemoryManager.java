package dev.vivarium.sentry.memory;

import org.jspecify.annotations.Nullable;

/** A guest address space: VMAs, the memory behind them, and copies in and out of it. */
public final class MemoryManager {
  /** Copies guest memory into an array; 0, or -EFAULT (then the array's content is undefined). */
  public long copyIn(long address, byte[] target, int offset, int length) {
    return 0;
  }

  /** Copies an array into guest memory; 0, or -EFAULT (some of it may have been written). */
  public long copyOut(long address, byte[] source, int offset, int length) {
    return 0;
  }

  /**
   * Reads a NUL-terminated string of at most {@code max} bytes without the NUL; null and {@link
   * #error} on failure.
   */
  public @Nullable String copyInString(long address, int max) {
    throw new IllegalStateException();
  }

  /** Why the last {@link #copyInString}, {@link #readInt} … failed: 0, -EFAULT or -ENAMETOOLONG. */
  public int error() {
    return 0;
  }

  /** Reads one value; 0 and {@link #error} on failure. {@code error()} is 0 after a success. */
  public int readInt(long address) {
    return 0;
  }

  public long readLong(long address) {
    return 0;
  }

  /** Writes one value; 0 or -EFAULT. */
  public long writeInt(long address, int value) {
    return 0;
  }

  public long writeLong(long address, long value) {
    return 0;
  }

  /**
   * A transfer of {@code length} bytes at a guest address. Nothing is checked before the transfer.
   */
  public Uio uio(long address, long length) {
    throw new IllegalStateException();
  }

  /**
   * A transfer over an iovec array (readv, writev …); null and {@link #error} if it is malformed.
   */
  public @Nullable Uio uioVector(long iov, int count) {
    throw new IllegalStateException();
  }
}

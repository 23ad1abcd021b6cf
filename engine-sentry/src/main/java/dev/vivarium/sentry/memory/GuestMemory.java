package dev.vivarium.sentry.memory;

import dev.vivarium.engine.memory.RawMemory;
import dev.vivarium.sentry.abi.Errno;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Copies in and out of an address space. Addresses come from the guest and may be anything; memory
 * that is not there yet is brought in exactly as an access by the guest would bring it in.
 *
 * <p>The places of the last read and of the last write are remembered, so that many small accesses
 * to the same memory cost little.
 */
public abstract class GuestMemory {
  /** Longest transfer of one read or write, as Linux has it (MAX_RW_COUNT). */
  static final long MAX_RW_COUNT = 0x7ffff000L;

  /** Most entries of an iovec array (UIO_MAXIOV). */
  static final int MAX_IOV = 1024;

  /** A stretch of guest memory and where it lies in the sentry. */
  static final class Window {
    long start;
    long end;
    MemorySegment segment = MemorySegment.NULL;

    /** Add it to a guest address for the offset in the segment. */
    long delta;

    /** Add it to a guest address for where that lies in the sentry. */
    long toHost;

    /**
     * Sets it to a stretch of a segment.
     *
     * @param segment memory that is there for as long as the process lives, or this window holds it
     * @param offset where the stretch begins in it
     */
    void set(long start, long end, MemorySegment segment, long offset) {
      if (start < 0 || end < start || offset < 0 || offset > segment.byteSize() - (end - start)) {
        throw new IndexOutOfBoundsException("window of " + (end - start) + " at " + offset);
      }
      this.start = start;
      this.end = end;
      this.segment = segment;
      delta = offset - start;
      toHost = segment.address() + delta;
    }

    boolean holds(long address, int bytes) {
      return address >= start && address <= end - bytes;
    }

    void clear() {
      start = 0;
      end = 0;
      segment = MemorySegment.NULL;
    }
  }

  private static final long END_OF_USER_ADDRESSES = 0x7fff_ffff_f000L;

  private final Window readWindow = new Window();
  private final Window writeWindow = new Window();
  private int error;

  /**
   * Finds the memory at an address, bringing it in if need be; fills the window with what lies
   * together with it.
   *
   * @return 0 or -EFAULT
   */
  abstract long locate(long address, boolean write, Window window);

  /** To be called whenever the memory behind an address or its protection has changed. */
  final void forgetWindows() {
    readWindow.clear();
    writeWindow.clear();
  }

  /** The window that holds {@code address}, or null: -EFAULT. */
  final @Nullable Window window(long address, boolean write) {
    Window w = write ? writeWindow : readWindow;
    if (w.holds(address, 1)) {
      return w;
    }
    return locate(address, write, w) == 0 ? w : null;
  }

  /** Copies guest memory into an array; 0, or -EFAULT (then the array's content is undefined). */
  public final long copyIn(long address, byte[] target, int offset, int length) {
    int done = 0;
    while (done < length) {
      Window w = window(address + done, false);
      if (w == null) {
        return -Errno.EFAULT;
      }
      int n = (int) Math.min(length - done, w.end - (address + done));
      RawMemory.copy(address + done + w.toHost, target, offset + done, n);
      done += n;
    }
    return 0;
  }

  /** Copies an array into guest memory; 0, or -EFAULT (some of it may have been written). */
  public final long copyOut(long address, byte[] source, int offset, int length) {
    int done = 0;
    while (done < length) {
      Window w = window(address + done, true);
      if (w == null) {
        return -Errno.EFAULT;
      }
      int n = (int) Math.min(length - done, w.end - (address + done));
      RawMemory.copy(source, offset + done, address + done + w.toHost, n);
      done += n;
    }
    return 0;
  }

  /** Fills guest memory with zeros; 0 or -EFAULT (some of it may have been written). */
  public final long clear(long address, long length) {
    long done = 0;
    while (done < length) {
      Window w = window(address + done, true);
      if (w == null) {
        return -Errno.EFAULT;
      }
      long n = Math.min(length - done, w.end - (address + done));
      w.segment.asSlice(address + done + w.delta, n).fill((byte) 0);
      done += n;
    }
    return 0;
  }

  /**
   * Reads a NUL-terminated string of at most {@code max} bytes without the NUL; null and {@link
   * #error} on failure.
   */
  public final @Nullable String copyInString(long address, int max) {
    error = 0;
    byte[] bytes = new byte[Math.min(max + 1, 128)];
    int length = 0;
    for (; ; ) {
      Window w = window(address + length, false);
      if (w == null) {
        error = -Errno.EFAULT;
        return null;
      }
      long room = Math.min(w.end - (address + length), max + 1 - length);
      long at = address + length + w.toHost;
      for (int i = 0; i < room; i++) {
        byte b = RawMemory.getByte(at + i);
        if (b == 0) {
          return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        }
        if (length == max) {
          error = -Errno.ENAMETOOLONG;
          return null;
        }
        if (length == bytes.length) {
          bytes = Arrays.copyOf(bytes, Math.min(max + 1, bytes.length * 4));
        }
        bytes[length++] = b;
      }
    }
  }

  /**
   * Copies in a NUL-terminated string, eight bytes to a word as they lie, zeros behind its NUL,
   * without giving way to another task in between.
   *
   * @return how many words the string and its NUL take; -1 if they are more than there is room for,
   *     or do not lie in one stretch of memory with the words that they begin in: then {@link
   *     #copyInString} tells more
   */
  public final int copyInWords(long address, long[] words) {
    Window w = window(address, false);
    if (w == null) {
      return -1;
    }
    long at = address + w.toHost;
    long count = Math.min(words.length, w.end - address >> 3);
    for (int i = 0; i < count; i++) {
      long word = RawMemory.getLong(at + 8L * i);
      // The lowest bit that is set says which byte is the first of zero; higher ones may be wrong.
      long zeros = word - 0x0101010101010101L & ~word & 0x8080808080808080L;
      if (zeros != 0) {
        words[i] = word & (zeros & -zeros) - 1;
        return i + 1;
      }
      words[i] = word;
    }
    return -1;
  }

  /** Why the last {@link #copyInString}, {@link #readInt} … failed: 0, -EFAULT or -ENAMETOOLONG. */
  public final int error() {
    return error;
  }

  /** Reads one byte; 0 and {@link #error} on failure. {@code error()} is 0 after a success. */
  public final int readByte(long address) {
    Window w = window(address, false);
    if (w == null) {
      error = -Errno.EFAULT;
      return 0;
    }
    error = 0;
    return RawMemory.getByte(address + w.toHost) & 0xff;
  }

  /** Reads one value; 0 and {@link #error} on failure. {@code error()} is 0 after a success. */
  public final int readInt(long address) {
    Window w = readWindow;
    if (!w.holds(address, 4)) {
      w = window(address, false);
      if (w == null) {
        error = -Errno.EFAULT;
        return 0;
      }
      if (!w.holds(address, 4)) {
        return (int) readAcross(address, 4);
      }
    }
    error = 0;
    return RawMemory.getInt(address + w.toHost);
  }

  /** Reads one value; 0 and {@link #error} on failure. {@code error()} is 0 after a success. */
  public final long readLong(long address) {
    Window w = readWindow;
    if (!w.holds(address, 8)) {
      w = window(address, false);
      if (w == null) {
        error = -Errno.EFAULT;
        return 0;
      }
      if (!w.holds(address, 8)) {
        return readAcross(address, 8);
      }
    }
    error = 0;
    return RawMemory.getLong(address + w.toHost);
  }

  private long readAcross(long address, int bytes) {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) readByte(address + i) << (8 * i);
      if (error != 0) {
        return 0;
      }
    }
    return value;
  }

  /** Writes one value; 0 or -EFAULT. */
  public final long writeByte(long address, int value) {
    Window w = window(address, true);
    if (w == null) {
      return -Errno.EFAULT;
    }
    RawMemory.putByte(address + w.toHost, (byte) value);
    return 0;
  }

  /** Writes one value; 0 or -EFAULT. */
  public final long writeInt(long address, int value) {
    Window w = window(address, true);
    if (w == null) {
      return -Errno.EFAULT;
    }
    if (!w.holds(address, 4)) {
      return writeAcross(address, value, 4);
    }
    RawMemory.putInt(address + w.toHost, value);
    return 0;
  }

  /** Writes one value; 0 or -EFAULT. */
  public final long writeLong(long address, long value) {
    Window w = window(address, true);
    if (w == null) {
      return -Errno.EFAULT;
    }
    if (!w.holds(address, 8)) {
      return writeAcross(address, value, 8);
    }
    RawMemory.putLong(address + w.toHost, value);
    return 0;
  }

  private long writeAcross(long address, long value, int bytes) {
    for (int i = 0; i < bytes; i++) {
      if (writeByte(address + i, (int) (value >>> (8 * i))) != 0) {
        return -Errno.EFAULT;
      }
    }
    return 0;
  }

  /**
   * Atomically replaces the int at an address if it is {@code expected}, as futex operations need;
   * returns the value found, 0 and {@link #error} on failure. The address must be a multiple of 4.
   */
  public final int compareAndSetInt(long address, int expected, int value) {
    Window w = (address & 3) == 0 ? window(address, true) : null;
    if (w == null) {
      error = -Errno.EFAULT;
      return 0;
    }
    error = 0;
    return RawMemory.compareAndExchangeInt(address + w.toHost, expected, value);
  }

  /** Reads an int that other processors change; like {@link #readInt}, for a multiple of 4. */
  public final int readIntVolatile(long address) {
    Window w = (address & 3) == 0 ? window(address, false) : null;
    if (w == null) {
      error = -Errno.EFAULT;
      return 0;
    }
    error = 0;
    return RawMemory.getIntVolatile(address + w.toHost);
  }

  /**
   * A transfer of {@code length} bytes at a guest address. Nothing is checked before the transfer;
   * what is longer than one transfer may be is cut.
   */
  public final Uio uio(long address, long length) {
    return new GuestUio(
        this, address, Long.compareUnsigned(length, MAX_RW_COUNT) > 0 ? MAX_RW_COUNT : length);
  }

  /**
   * Whether a range can be a program's at all, mapped or not: what Linux asks before it looks at
   * anything else (access_ok).
   */
  public static boolean isUser(long address, long count) {
    return (address | count) >= 0
        && address + count >= 0
        && address + count <= END_OF_USER_ADDRESSES;
  }

  /**
   * A transfer over an iovec array (readv, writev …); null and {@link #error} if it is malformed.
   */
  public final @Nullable Uio uioVector(long iov, int count) {
    return uioVectorOver(this, iov, count);
  }

  /** An iovec array in this memory that names buffers in another. */
  public final @Nullable Uio uioVectorOver(GuestMemory buffers, long iov, int count) {
    return uioVectorOver(buffers, iov, count, buffers == this);
  }

  /** The same in this memory, whether or not the places could be a program's. */
  public final @Nullable Uio uioVectorUnchecked(long iov, long count) {
    int most = count < 0 || count > MAX_IOV ? -1 : (int) count;
    return uioVectorOver(this, iov, most, false);
  }

  private @Nullable Uio uioVectorOver(GuestMemory buffers, long iov, int count, boolean checked) {
    if (count < 0 || count > MAX_IOV) {
      error = -Errno.EINVAL;
      return null;
    }
    long[] entries = new long[2 * count];
    long total = 0;
    boolean outside = false;
    for (int i = 0; i < count; i++) {
      long base = readLong(iov + 16L * i);
      if (error != 0) {
        return null;
      }
      long length = readLong(iov + 16L * i + 8);
      if (error != 0) {
        return null;
      }
      if (length < 0) {
        error = -Errno.EINVAL;
        return null;
      }
      outside |= checked && !isUser(base, length);
      length = Math.min(length, MAX_RW_COUNT - total);
      total += length;
      entries[2 * i] = base;
      entries[2 * i + 1] = length;
    }
    if (outside) {
      error = -Errno.EFAULT;
      return null;
    }
    error = 0;
    return new GuestUio(buffers, entries, total);
  }
}

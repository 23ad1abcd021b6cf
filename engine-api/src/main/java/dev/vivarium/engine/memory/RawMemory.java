package dev.vivarium.engine.memory;

import java.util.Objects;
import jdk.internal.misc.Unsafe;
import org.jspecify.annotations.Nullable;

/**
 * Memory by its address, for the few places where a system call of the guest comes by. An access to
 * a {@link java.lang.foreign.MemorySegment} is many method calls where only C1 compiles, as in a
 * sandbox's process; here it is one instruction.
 *
 * <p>No address is checked. Who calls has to know that the memory is there for as long as the
 * process lives, and that an address lies within it: one that a guest chose must have been compared
 * with bounds before. Little endian (as bytes of arrays are, for the same reason), and an address
 * need not be a multiple of anything, but for the atomic ones.
 */
public final class RawMemory {
  private static final Unsafe UNSAFE = Unsafe.getUnsafe();

  /** Longer copies are left to the C library: reaching it costs as much as so many bytes here. */
  private static final int COPIED_HERE = 256;

  private RawMemory() {}

  /** One byte. */
  public static byte getByte(long address) {
    return UNSAFE.getByte(null, address);
  }

  /** Two bytes. */
  public static short getShort(long address) {
    return UNSAFE.getShort(null, address);
  }

  /** Four bytes. */
  public static int getInt(long address) {
    return UNSAFE.getInt(null, address);
  }

  /** Eight bytes. */
  public static long getLong(long address) {
    return UNSAFE.getLong(null, address);
  }

  /** Sets one byte. */
  public static void putByte(long address, byte value) {
    UNSAFE.putByte(null, address, value);
  }

  /** Sets two bytes. */
  public static void putShort(long address, short value) {
    UNSAFE.putShort(null, address, value);
  }

  /** Sets four bytes. */
  public static void putInt(long address, int value) {
    UNSAFE.putInt(null, address, value);
  }

  /** Sets eight bytes. */
  public static void putLong(long address, long value) {
    UNSAFE.putLong(null, address, value);
  }

  /** Four bytes, in the order of {@code volatile}. */
  public static int getIntVolatile(long address) {
    return UNSAFE.getIntVolatile(null, address);
  }

  /** Sets four bytes, in the order of {@code volatile}. */
  public static void putIntVolatile(long address, int value) {
    UNSAFE.putIntVolatile(null, address, value);
  }

  /** Eight bytes, in the order of {@code volatile}. */
  public static long getLongVolatile(long address) {
    return UNSAFE.getLongVolatile(null, address);
  }

  /** Sets eight bytes after everything that was written before. */
  public static void putLongRelease(long address, long value) {
    UNSAFE.putLongRelease(null, address, value);
  }

  /** Sets four bytes; what they were before. */
  public static int getAndSetInt(long address, int value) {
    return UNSAFE.getAndSetInt(null, address, value);
  }

  /** Adds to four bytes; what they were before. */
  public static int getAndAddInt(long address, int more) {
    return UNSAFE.getAndAddInt(null, address, more);
  }

  /** Adds to eight bytes; what they were before. */
  public static long getAndAddLong(long address, long more) {
    return UNSAFE.getAndAddLong(null, address, more);
  }

  /** Sets four bytes if they are what is expected; whether they were. */
  public static boolean compareAndSetInt(long address, int expected, int value) {
    return UNSAFE.compareAndSetInt(null, address, expected, value);
  }

  /** Sets four bytes if they are what is expected; what they were. */
  public static int compareAndExchangeInt(long address, int expected, int value) {
    // C1 knows this one only as a call.
    while (true) {
      int found = UNSAFE.getIntVolatile(null, address);
      if (found != expected || UNSAFE.compareAndSetInt(null, address, expected, value)) {
        return found;
      }
    }
  }

  /** Sets eight bytes if they are what is expected; whether they were. */
  public static boolean compareAndSetLong(long address, long expected, long value) {
    return UNSAFE.compareAndSetLong(null, address, expected, value);
  }

  /** Two bytes of an array, of which the bounds are checked. */
  public static short getShort(byte[] array, int at) {
    return UNSAFE.getShort(array, place(array, at, Short.BYTES));
  }

  /** Four bytes of an array, of which the bounds are checked. */
  public static int getInt(byte[] array, int at) {
    return UNSAFE.getInt(array, place(array, at, Integer.BYTES));
  }

  /** Eight bytes of an array, of which the bounds are checked. */
  public static long getLong(byte[] array, int at) {
    return UNSAFE.getLong(array, place(array, at, Long.BYTES));
  }

  /** Sets two bytes of an array, of which the bounds are checked. */
  public static void putShort(byte[] array, int at, short value) {
    UNSAFE.putShort(array, place(array, at, Short.BYTES), value);
  }

  /** Sets four bytes of an array, of which the bounds are checked. */
  public static void putInt(byte[] array, int at, int value) {
    UNSAFE.putInt(array, place(array, at, Integer.BYTES), value);
  }

  /** Sets eight bytes of an array, of which the bounds are checked. */
  public static void putLong(byte[] array, int at, long value) {
    UNSAFE.putLong(array, place(array, at, Long.BYTES), value);
  }

  private static long place(byte[] array, int at, int bytes) {
    if (at < 0 || at > array.length - bytes) {
      throw new IndexOutOfBoundsException(at);
    }
    return Unsafe.ARRAY_BYTE_BASE_OFFSET + (long) at;
  }

  /** Copies memory into an array, of which the bounds are checked. */
  public static void copy(long address, byte[] target, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, target.length);
    copy(null, address, target, Unsafe.ARRAY_BYTE_BASE_OFFSET + (long) offset, length);
  }

  /** Copies from an array, of which the bounds are checked. */
  public static void copy(byte[] source, int offset, long address, int length) {
    Objects.checkFromIndexSize(offset, length, source.length);
    copy(source, Unsafe.ARRAY_BYTE_BASE_OFFSET + (long) offset, null, address, length);
  }

  private static void copy(
      byte @Nullable [] from, long source, byte @Nullable [] to, long target, int length) {
    if (length > COPIED_HERE) {
      UNSAFE.copyMemory(from, source, to, target, length);
      return;
    }
    int i = 0;
    for (; i <= length - 8; i += 8) {
      UNSAFE.putLong(to, target + i, UNSAFE.getLong(from, source + i));
    }
    for (; i < length; i++) {
      UNSAFE.putByte(to, target + i, UNSAFE.getByte(from, source + i));
    }
  }
}

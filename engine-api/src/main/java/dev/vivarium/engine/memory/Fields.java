package dev.vivarium.engine.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * Numbers at offsets of native memory or of an array: whatever is not wholly in it, or in memory
 * that was freed, is refused. Little endian, and an offset need not be a multiple of anything.
 *
 * <p>What {@link MemorySegment} has for that is made of method handles, which a JVM has to make
 * anew at each start, and is many method calls where code is interpreted or compiled by C1.
 */
public final class Fields {
  private Fields() {}

  /** One byte. */
  public static byte getByte(MemorySegment memory, long at) {
    return RawMemory.getByte(place(memory, at, Byte.BYTES));
  }

  /** Two bytes. */
  public static short getShort(MemorySegment memory, long at) {
    return RawMemory.getShort(place(memory, at, Short.BYTES));
  }

  /** Four bytes. */
  public static int getInt(MemorySegment memory, long at) {
    return RawMemory.getInt(place(memory, at, Integer.BYTES));
  }

  /** Eight bytes. */
  public static long getLong(MemorySegment memory, long at) {
    return RawMemory.getLong(place(memory, at, Long.BYTES));
  }

  /** Sets one byte. */
  public static void putByte(MemorySegment memory, long at, byte value) {
    RawMemory.putByte(place(memory, at, Byte.BYTES), value);
  }

  /** Sets two bytes. */
  public static void putShort(MemorySegment memory, long at, short value) {
    RawMemory.putShort(place(memory, at, Short.BYTES), value);
  }

  /** Sets four bytes. */
  public static void putInt(MemorySegment memory, long at, int value) {
    RawMemory.putInt(place(memory, at, Integer.BYTES), value);
  }

  /** Sets eight bytes. */
  public static void putLong(MemorySegment memory, long at, long value) {
    RawMemory.putLong(place(memory, at, Long.BYTES), value);
  }

  /** Two bytes of an array, without a sign. */
  public static int getUnsignedShort(byte[] array, int at) {
    return RawMemory.getShort(array, at) & 0xffff;
  }

  /** Four bytes of an array. */
  public static int getInt(byte[] array, int at) {
    return RawMemory.getInt(array, at);
  }

  /** Eight bytes of an array. */
  public static long getLong(byte[] array, int at) {
    return RawMemory.getLong(array, at);
  }

  /** Copies memory, which here may be that of an array, into an array. */
  public static void copy(MemorySegment from, long at, byte[] to, int offset, int length) {
    if (from.isNative()) {
      RawMemory.copy(place(from, at, length), to, offset, length);
    } else {
      System.arraycopy(array(from), placeInArray(from, at, length), to, offset, length);
    }
  }

  /** Copies from an array into memory, which here may be that of an array. */
  public static void copy(byte[] from, int offset, MemorySegment to, long at, int length) {
    if (to.isNative()) {
      RawMemory.copy(from, offset, place(to, at, length), length);
    } else {
      System.arraycopy(from, offset, array(to), placeInArray(to, at, length), length);
    }
  }

  /**
   * A text in UTF-8 with a zero behind it, as the host's calls want one.
   *
   * @return where it is, for as long as the arena lives
   * @throws IllegalArgumentException if it has a zero itself, which would end it there
   */
  public static long text(Arena arena, String text) {
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("a text for the host with a zero in it");
    }
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    MemorySegment memory = arena.allocate(bytes.length + 1L); // which is zeros
    copy(bytes, 0, memory, 0, bytes.length);
    return memory.address();
  }

  private static byte[] array(MemorySegment memory) {
    if (memory.heapBase().orElse(null) instanceof byte[] array) {
      return array;
    }
    throw new IllegalStateException("no memory of bytes");
  }

  private static int placeInArray(MemorySegment memory, long at, int length) {
    if (at < 0 || length < 0 || at > memory.byteSize() - length) {
      throw new IndexOutOfBoundsException(at);
    }
    return (int) (memory.address() + at);
  }

  private static long place(MemorySegment memory, long at, long bytes) {
    if (at < 0 || bytes < 0 || at > memory.byteSize() - bytes) {
      throw new IndexOutOfBoundsException(at);
    }
    if (!memory.isNative() || !memory.scope().isAlive()) {
      throw new IllegalStateException("no native memory, or freed");
    }
    return memory.address() + at;
  }
}

package dev.vivarium.image.erofs;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Little-endian numbers in a mapped file of any size, through buffers, of which one holds a window
 * of it. Not read as the memory that it is: that takes method handles, which a JVM has to make anew
 * at each start, and more calls for each number. What is not in the file is an {@link
 * IndexOutOfBoundsException}, never a read outside. Methods may be called from any thread.
 */
final class MappedBytes {
  /** Of the windows of files; less in tests. */
  static final int WINDOW_BITS = 30;

  /** What a window has of the next one, so that a number lies wholly in one. */
  private static final int OVERLAP = Long.BYTES;

  private final long size;
  private final int bits;
  private final ByteBuffer[] windows;

  MappedBytes(MemorySegment file, int bits) {
    this.size = file.byteSize();
    this.bits = bits;
    this.windows = new ByteBuffer[(int) (size >>> bits) + 1];
    for (int i = 0; i < windows.length; i++) {
      long start = (long) i << bits;
      MemorySegment window = file.asSlice(start, Math.min(size - start, (1L << bits) + OVERLAP));
      windows[i] = window.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  long size() {
    return size;
  }

  int u8(long at) {
    return window(at).get(inWindow(at)) & 0xff;
  }

  int u16(long at) {
    return window(at).getShort(inWindow(at)) & 0xffff;
  }

  int i32(long at) {
    return window(at).getInt(inWindow(at));
  }

  long i64(long at) {
    return window(at).getLong(inWindow(at));
  }

  byte[] bytes(long at, int length) {
    byte[] copy = new byte[length];
    for (int done = 0; done < length; ) {
      int in = inWindow(at + done);
      int n = Math.min(length - done, (1 << bits) - in);
      window(at + done).get(in, copy, done, n);
      done += n;
    }
    return copy;
  }

  private ByteBuffer window(long at) {
    if (at < 0 || at >= size) {
      throw new IndexOutOfBoundsException(at);
    }
    return windows[(int) (at >>> bits)];
  }

  private int inWindow(long at) {
    return (int) (at & (1L << bits) - 1);
  }
}

package dev.vivarium.image.erofs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class MappedBytesTest {
  /** With windows of 16 bytes: whole ones, one that is begun, and a single byte of one. */
  @Test
  void numbersAreTheSameInEveryPlaceOfEveryWindow() {
    for (int size : new int[] {1, 8, 16, 17, 32, 61, 64}) {
      byte[] file = new byte[size];
      new Random(size).nextBytes(file);
      MemorySegment memory = MemorySegment.ofArray(file);
      MappedBytes mapped = new MappedBytes(memory, 4);
      assertEquals(size, mapped.size());
      for (int at = 0; at < size; at++) {
        assertEquals(file[at] & 0xff, mapped.u8(at));
        if (at + 2 <= size) {
          assertEquals(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff, mapped.u16(at));
        }
        if (at + 4 <= size) {
          assertEquals(memory.get(ValueLayout.JAVA_INT_UNALIGNED, at), mapped.i32(at));
        }
        if (at + 8 <= size) {
          assertEquals(memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at), mapped.i64(at));
        }
        for (int length = 0; at + length <= size; length++) {
          assertArrayEquals(Arrays.copyOfRange(file, at, at + length), mapped.bytes(at, length));
        }
      }
    }
  }

  @Test
  void nothingIsReadBesideIt() {
    MappedBytes mapped = new MappedBytes(MemorySegment.ofArray(new byte[32]), 4);
    for (long at : new long[] {-1, 32, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE}) {
      assertThrows(IndexOutOfBoundsException.class, () -> mapped.u8(at));
      assertThrows(IndexOutOfBoundsException.class, () -> mapped.bytes(at, 1));
    }
    assertThrows(IndexOutOfBoundsException.class, () -> mapped.u16(31));
    assertThrows(IndexOutOfBoundsException.class, () -> mapped.i32(29));
    assertThrows(IndexOutOfBoundsException.class, () -> mapped.i64(25));
    assertThrows(IndexOutOfBoundsException.class, () -> mapped.bytes(25, 8));
  }
}

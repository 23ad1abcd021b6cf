package dev.vivarium.engine.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RawMemoryTest {
  private static final int SIZE = 1024;

  private final Arena arena = Arena.ofConfined();
  private MemorySegment memory = MemorySegment.NULL;
  private long start;

  @BeforeEach
  void fill() {
    memory = arena.allocate(SIZE, 8);
    start = memory.address();
    for (int i = 0; i < SIZE; i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + 7));
    }
  }

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void copiesWhatWasAskedForAndNothingBeside() {
    byte[] whole = memory.toArray(ValueLayout.JAVA_BYTE);
    for (int length : new int[] {0, 1, 7, 8, 9, 63, 64, 255, 256, 257, 600}) {
      for (int from : new int[] {0, 1, 3, 8}) {
        byte[] target = new byte[SIZE];
        RawMemory.copy(start + from, target, 5, length);
        byte[] expected = new byte[SIZE];
        System.arraycopy(whole, from, expected, 5, length);
        assertArrayEquals(expected, target, "in: " + length + " from " + from);

        memory.fill((byte) 0);
        RawMemory.copy(whole, 5, start + from, length);
        expected = new byte[SIZE];
        System.arraycopy(whole, 5, expected, from, length);
        assertArrayEquals(
            expected, memory.toArray(ValueLayout.JAVA_BYTE), "out: " + length + " to " + from);
        MemorySegment.copy(whole, 0, memory, ValueLayout.JAVA_BYTE, 0, SIZE);
      }
    }
  }

  @Test
  void theArraysBoundsAreChecked() {
    byte[] array = new byte[16];
    for (int[] bad : new int[][] {{-1, 4}, {0, 17}, {13, 4}, {0, -1}, {Integer.MAX_VALUE, 1}}) {
      assertThrows(
          IndexOutOfBoundsException.class, () -> RawMemory.copy(start, array, bad[0], bad[1]));
      assertThrows(
          IndexOutOfBoundsException.class, () -> RawMemory.copy(array, bad[0], start, bad[1]));
    }
    assertArrayEquals(new byte[16], array);
  }

  @Test
  void valuesAreLittleEndianAndMayLieAnywhere() {
    byte[] nine = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    MemorySegment.copy(nine, 0, memory, ValueLayout.JAVA_BYTE, 0, 9);
    assertEquals(2, RawMemory.getByte(start + 1));
    assertEquals(0x05040302, RawMemory.getInt(start + 1));
    assertEquals(0x0908070605040302L, RawMemory.getLong(start + 1));
    RawMemory.putLong(start + 3, 0x1122334455667788L);
    assertEquals((byte) 0x88, RawMemory.getByte(start + 3));
    assertEquals(3, RawMemory.getByte(start + 2));
    assertEquals(0x11, RawMemory.getByte(start + 10));
  }

  @Test
  void numbersInAnArrayLieWhollyInIt() {
    byte[] array = new byte[12];
    RawMemory.putLong(array, 1, 0x0807060504030201L);
    RawMemory.putInt(array, 8, -2);
    RawMemory.putShort(array, 10, (short) 7);
    assertArrayEquals(new byte[] {0, 1, 2, 3, 4, 5, 6, 7, -2, -1, 7, 0}, array);
    assertEquals(0x04030201, RawMemory.getInt(array, 1));
    assertEquals(0x0201, RawMemory.getShort(array, 1));
    assertEquals(0x0007fffe07060504L, RawMemory.getLong(array, 4));
    for (int at : new int[] {-1, 5, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      assertThrows(IndexOutOfBoundsException.class, () -> RawMemory.getLong(array, at));
      assertThrows(IndexOutOfBoundsException.class, () -> RawMemory.putLong(array, at, 1));
    }
    assertThrows(IndexOutOfBoundsException.class, () -> RawMemory.getInt(array, 9));
    assertThrows(IndexOutOfBoundsException.class, () -> RawMemory.putShort(array, 11, (short) 1));
    assertThrows(IndexOutOfBoundsException.class, () -> RawMemory.getLong(new byte[7], 0));
  }

  @Test
  void whatIsExpectedDecidesWhetherItIsSet() {
    memory.fill((byte) 0);
    assertTrue(RawMemory.compareAndSetInt(start, 0, 5));
    assertFalse(RawMemory.compareAndSetInt(start, 0, 6));
    assertEquals(5, RawMemory.compareAndExchangeInt(start, 4, 6));
    assertEquals(5, RawMemory.compareAndExchangeInt(start, 5, 6));
    assertEquals(6, RawMemory.getAndAddInt(start, 2));
    assertEquals(8, RawMemory.getAndSetInt(start, 9));
    assertEquals(9, RawMemory.getIntVolatile(start));
    assertEquals(0, RawMemory.getInt(start + 4));
    assertTrue(RawMemory.compareAndSetLong(start + 8, 0, -1));
    assertEquals(-1, RawMemory.getAndAddLong(start + 8, 3));
    assertEquals(2, RawMemory.getLongVolatile(start + 8));
    byte[] rest = Arrays.copyOfRange(memory.toArray(ValueLayout.JAVA_BYTE), 16, SIZE);
    assertArrayEquals(new byte[SIZE - 16], rest);
  }
}

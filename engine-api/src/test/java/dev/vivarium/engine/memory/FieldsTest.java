package dev.vivarium.engine.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

final class FieldsTest {
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment memory = arena.allocate(16, 8);

  @AfterEach
  void free() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  @Test
  void numbersAreWhereTheJdkPutsThem() {
    Fields.putLong(memory, 1, 0x8877665544332211L);
    assertEquals(0x8877665544332211L, memory.get(ValueLayout.JAVA_LONG_UNALIGNED, 1));
    assertEquals(0x8877665544332211L, Fields.getLong(memory, 1));
    Fields.putInt(memory, 3, 0x80000001);
    assertEquals(0x80000001, memory.get(ValueLayout.JAVA_INT_UNALIGNED, 3));
    assertEquals(0x80000001, Fields.getInt(memory, 3));
    Fields.putShort(memory, 14, (short) 0x8002);
    assertEquals((short) 0x8002, memory.get(ValueLayout.JAVA_SHORT, 14));
    assertEquals((short) 0x8002, Fields.getShort(memory, 14));
    Fields.putByte(memory, 15, (byte) 0x83);
    assertEquals((byte) 0x83, memory.get(ValueLayout.JAVA_BYTE, 15));
    assertEquals((byte) 0x83, Fields.getByte(memory, 15));
    byte[] array = memory.toArray(ValueLayout.JAVA_BYTE);
    assertEquals(0x8302, Fields.getUnsignedShort(array, 14));
    assertEquals(0x80000001, Fields.getInt(array, 3));
    assertEquals(Fields.getLong(memory, 8), Fields.getLong(array, 8));
  }

  @Test
  void whatIsNotWhollyInItIsRefused() {
    for (long at : new long[] {-1, 9, 16, Long.MAX_VALUE, Long.MIN_VALUE}) {
      refused(() -> Fields.getLong(memory, at));
      refused(() -> Fields.putLong(memory, at, 1));
      refused(() -> Fields.copy(memory, at, new byte[8], 0, 8));
      refused(() -> Fields.copy(new byte[8], 0, memory, at, 8));
    }
    refused(() -> Fields.getInt(memory, 13));
    refused(() -> Fields.putInt(memory, 13, 1));
    refused(() -> Fields.getShort(memory, 15));
    refused(() -> Fields.putShort(memory, 15, (short) 1));
    refused(() -> Fields.getByte(memory, 16));
    refused(() -> Fields.putByte(memory, 16, (byte) 1));
    refused(() -> Fields.getLong(new byte[16], 9));
    refused(() -> Fields.getInt(new byte[16], -1));
    refused(() -> Fields.getUnsignedShort(new byte[16], 15));
    refused(() -> Fields.copy(memory, 0, new byte[8], 1, 8));
    refused(() -> Fields.copy(memory, 0, new byte[8], 0, -1));
    assertArrayEquals(new byte[16], memory.toArray(ValueLayout.JAVA_BYTE));
  }

  @Test
  void freedMemoryAndArraysAreRefused() {
    MemorySegment array = MemorySegment.ofArray(new byte[16]);
    assertThrows(IllegalStateException.class, () -> Fields.getLong(array, 0));
    arena.close();
    assertThrows(IllegalStateException.class, () -> Fields.getLong(memory, 0));
    assertThrows(IllegalStateException.class, () -> Fields.putInt(memory, 0, 1));
    assertThrows(IllegalStateException.class, () -> Fields.copy(memory, 0, new byte[8], 0, 8));
  }

  @Test
  void copiesAreOfArraysToo() {
    byte[] bytes = {1, 2, 3, 4, 5, 6, 7, 8};
    MemorySegment array = MemorySegment.ofArray(new byte[16]);
    Fields.copy(bytes, 1, array, 3, 5);
    Fields.copy(bytes, 1, memory, 3, 5);
    assertArrayEquals(
        new byte[] {0, 0, 0, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0},
        memory.toArray(ValueLayout.JAVA_BYTE));
    assertEquals(-1, memory.mismatch(array));
    byte[] back = new byte[6];
    Fields.copy(array, 2, back, 0, 6);
    assertArrayEquals(new byte[] {0, 2, 3, 4, 5, 6}, back);
    refused(() -> Fields.copy(bytes, 0, array, 9, 8));
    refused(() -> Fields.copy(array, 9, back, 0, 8));
    refused(() -> Fields.copy(array, -1, back, 0, 1));
    MemorySegment slice = array.asSlice(3, 5);
    Fields.copy(slice, 1, back, 0, 4);
    assertArrayEquals(new byte[] {3, 4, 5, 6, 5, 6}, back);
    Fields.copy(new byte[] {9}, 0, slice, 4, 1);
    assertEquals(9, array.get(ValueLayout.JAVA_BYTE, 7));
    refused(() -> Fields.copy(slice, 2, back, 0, 4));
    refused(() -> Fields.copy(slice, 0, new byte[4], 0, 5));
  }

  @Test
  void aTextEndsWithAZero() {
    String text = "Gruß 🦎";
    long at = Fields.text(arena, text);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    MemorySegment there = MemorySegment.ofAddress(at).reinterpret(bytes.length + 1L);
    assertEquals(text, there.getString(0));
    assertThrows(IllegalArgumentException.class, () -> Fields.text(arena, "a\0b"));
  }

  private static void refused(Executable access) {
    assertThrows(IndexOutOfBoundsException.class, access);
  }
}

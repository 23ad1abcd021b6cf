package dev.vivarium.sentry.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

final class HostBufferTest {
  @Test
  void numbersAreLittleEndianAndMayLieAnywhere() {
    HostBuffer b = new HostBuffer(24);
    b.put(3, new byte[] {1, (byte) 0x82, 3, 4, 5, 6, 7, 8});
    assertEquals(0x82, b.getByte(4));
    assertEquals(0x04038201, b.getInt(3));
    assertEquals(0x0807060504038201L, b.getLong(3));
    b.putInt(20, -2);
    b.putLong(11, -1);
    assertEquals(0xfe, b.getByte(20));
    assertEquals(0, b.getByte(19));
    assertArrayEquals(new byte[] {8, -1, -1}, b.bytes(10, 3));
    assertArrayEquals(new byte[0], b.bytes(24, 0));
    assertEquals(3, b.segment().get(ValueLayout.JAVA_BYTE, 5));
    assertEquals(b.segment().address(), b.address());
  }

  @Test
  void whatDoesNotLieWhollyInItIsRefused() {
    HostBuffer b = new HostBuffer(24);
    for (int at : new int[] {-1, 24, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThrows(IndexOutOfBoundsException.class, () -> b.getByte(at));
      assertThrows(IndexOutOfBoundsException.class, () -> b.getInt(at));
      assertThrows(IndexOutOfBoundsException.class, () -> b.getLong(at));
      assertThrows(IndexOutOfBoundsException.class, () -> b.putInt(at, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> b.putLong(at, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> b.put(at, new byte[1]));
      assertThrows(IndexOutOfBoundsException.class, () -> b.bytes(at, 1));
    }
    assertThrows(IndexOutOfBoundsException.class, () -> b.getInt(21));
    assertThrows(IndexOutOfBoundsException.class, () -> b.putInt(21, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> b.putLong(17, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> b.put(0, new byte[25]));
    assertThrows(IndexOutOfBoundsException.class, () -> b.bytes(0, 25));
    assertThrows(IndexOutOfBoundsException.class, () -> b.bytes(0, -1));
    assertArrayEquals(new byte[24], b.bytes(0, 24));
  }
}

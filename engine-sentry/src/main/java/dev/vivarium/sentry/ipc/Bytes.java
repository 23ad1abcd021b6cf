package dev.vivarium.sentry.ipc;

import dev.vivarium.engine.memory.RawMemory;

/** Numbers in byte arrays, little-endian: the layouts that calls copy in and out as a whole. */
public final class Bytes {
  private Bytes() {}

  public static int getShort(byte[] b, int at) {
    return RawMemory.getShort(b, at);
  }

  public static int getInt(byte[] b, int at) {
    return RawMemory.getInt(b, at);
  }

  public static long getLong(byte[] b, int at) {
    return RawMemory.getLong(b, at);
  }

  public static void putShort(byte[] b, int at, int value) {
    RawMemory.putShort(b, at, (short) value);
  }

  public static void putInt(byte[] b, int at, int value) {
    RawMemory.putInt(b, at, value);
  }

  public static void putLong(byte[] b, int at, long value) {
    RawMemory.putLong(b, at, value);
  }

  public static byte[] ofLong(long value) {
    byte[] b = new byte[8];
    putLong(b, 0, value);
    return b;
  }
}

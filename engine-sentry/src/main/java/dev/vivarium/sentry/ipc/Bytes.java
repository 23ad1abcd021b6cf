package dev.vivarium.sentry.ipc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers in byte arrays, little-endian: the layouts that calls copy in and out as a whole. */
public final class Bytes {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Bytes() {}

  public static int getShort(byte[] b, int at) {
    return (short) SHORT.get(b, at);
  }

  public static int getInt(byte[] b, int at) {
    return (int) INT.get(b, at);
  }

  public static long getLong(byte[] b, int at) {
    return (long) LONG.get(b, at);
  }

  public static void putShort(byte[] b, int at, int value) {
    SHORT.set(b, at, (short) value);
  }

  public static void putInt(byte[] b, int at, int value) {
    INT.set(b, at, value);
  }

  public static void putLong(byte[] b, int at, long value) {
    LONG.set(b, at, value);
  }

  public static byte[] ofLong(long value) {
    byte[] b = new byte[8];
    putLong(b, 0, value);
    return b;
  }
}

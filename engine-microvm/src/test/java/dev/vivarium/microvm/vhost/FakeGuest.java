package dev.vivarium.microvm.vhost;

import dev.vivarium.microvm.host.DeviceCalls;
import dev.vivarium.microvm.host.FrontCalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * The memory of a guest with one ring in it, and how a guest's kernel, or a hostile one, uses it.
 */
final class FakeGuest implements AutoCloseable {
  static final int SIZE = 8;
  static final int MEMORY = 1 << 20;

  /** Where the guest has its memory, and the monitor. */
  static final long GUEST = 0x10_0000;

  static final long MONITOR = 0x7f00_0000_0000L;

  static final int DESCRIPTORS = 0;
  static final int AVAILABLE = 0x1000;
  static final int USED = 0x2000;

  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  final FrontCalls front = new FrontCalls();
  final DeviceCalls calls = new DeviceCalls();
  final int file = front.memory(MEMORY);
  final int kick = front.event();
  final int call = front.event();
  final MemorySegment memory =
      MemorySegment.ofAddress(calls.map(file, 0, MEMORY)).reinterpret(MEMORY);
  private int offered;

  /** At a place in its memory. */
  void descriptor(int index, long place, int length, int flags, int next) {
    raw(index, GUEST + place, length, flags, next);
  }

  /** At any address. */
  void raw(int index, long address, int length, int flags, int next) {
    long at = DESCRIPTORS + index * 16L;
    memory.set(LONG, at, address);
    memory.set(INT, at + 8, length);
    memory.set(SHORT, at + 12, (short) flags);
    memory.set(SHORT, at + 14, (short) next);
  }

  void offer(int head) {
    memory.set(SHORT, AVAILABLE + 4 + offered % SIZE * 2L, (short) head);
    jump(1);
  }

  /** Says that so many more are there. */
  void jump(int count) {
    offered += count;
    memory.set(SHORT, AVAILABLE + 2, (short) offered);
  }

  int returned() {
    return Short.toUnsignedInt(memory.get(SHORT, USED + 2));
  }

  /** The length of an answer. */
  int length(int number) {
    return memory.get(INT, USED + 4 + number % SIZE * 8L + 4);
  }

  void put(long place, byte[] bytes) {
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, place, bytes.length);
  }

  byte[] bytes(long place, int length) {
    return memory.asSlice(place, length).toArray(ValueLayout.JAVA_BYTE);
  }

  String text(long place, int length) {
    return new String(bytes(place, length), StandardCharsets.US_ASCII);
  }

  @Override
  public void close() {
    calls.unmap(memory.address(), MEMORY);
    calls.close(file);
    calls.close(kick);
    calls.close(call);
    calls.close();
    front.close();
  }
}

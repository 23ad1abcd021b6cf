package dev.vivarium.microvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** System calls of a machine's monitor, for tests: the other side of {@link DeviceCalls}. */
public final class FrontCalls implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final SystemCall system = new SystemCall(arena);
  private final MemorySegment data = arena.allocate(4096, 8);
  private final MemorySegment message = arena.allocate(256, 8);

  private int call(int number, long... a) {
    long[] all = java.util.Arrays.copyOf(a, 6);
    long r = system.call(number, all[0], all[1], all[2], all[3], all[4], all[5]);
    if (r < 0) {
      throw new IllegalStateException("call " + number + ": error " + -r);
    }
    return (int) r;
  }

  /** A file in memory. */
  public int memory(long size) {
    data.setString(0, "memory");
    int descriptor = call(319, data.address(), 1);
    truncate(descriptor, size);
    return descriptor;
  }

  public void truncate(int descriptor, long size) {
    call(77, descriptor, size);
  }

  /** What can be told of, and waited for. */
  public int event() {
    return call(290, 0, 0x80000 | 0x800);
  }

  /** Two ends of a connection. */
  public int[] socketPair() {
    call(53, 1, 1, 0, data.address());
    return new int[] {data.get(ValueLayout.JAVA_INT, 0), data.get(ValueLayout.JAVA_INT, 4)};
  }

  public int connect(Path path) {
    int socket = call(41, 1, 1, 0);
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    data.fill((byte) 0);
    data.set(ValueLayout.JAVA_SHORT, 0, (short) 1);
    MemorySegment.copy(name, 0, data, ValueLayout.JAVA_BYTE, 2, name.length);
    call(42, socket, data.address(), 2 + name.length + 1L);
    return socket;
  }

  /** Sends bytes, with descriptors. */
  public void send(int socket, byte[] bytes, int... descriptors) {
    MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, 0, bytes.length);
    message.fill((byte) 0);
    // A vector, then the message, then what controls it.
    message.set(ValueLayout.JAVA_LONG, 0, data.address());
    message.set(ValueLayout.JAVA_LONG, 8, bytes.length);
    message.set(ValueLayout.JAVA_LONG, 16 + 16, message.address());
    message.set(ValueLayout.JAVA_LONG, 16 + 24, 1);
    if (descriptors.length > 0) {
      long control = 80;
      message.set(ValueLayout.JAVA_LONG, 16 + 32, message.address() + control);
      message.set(ValueLayout.JAVA_LONG, 16 + 40, 16 + (descriptors.length * 4L + 7) / 8 * 8);
      message.set(ValueLayout.JAVA_LONG, control, 16 + descriptors.length * 4L);
      message.set(ValueLayout.JAVA_INT, control + 8, 1);
      message.set(ValueLayout.JAVA_INT, control + 12, 1);
      for (int i = 0; i < descriptors.length; i++) {
        message.set(ValueLayout.JAVA_INT, control + 16 + i * 4L, descriptors[i]);
      }
    }
    call(46, socket, message.address() + 16, 0x4000);
  }

  @Override
  public void close() {
    arena.close();
  }
}

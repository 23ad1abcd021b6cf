package dev.vivarium.microvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * System calls of what is a device of a machine outside of its monitor: a socket over which
 * descriptors come, another's memory, and events. One object belongs to one thread. Every method
 * returns what the call returns, or a negative errno.
 */
public final class DeviceCalls implements AutoCloseable {
  private static final int SYS_READ = 0;
  private static final int SYS_WRITE = 1;
  private static final int SYS_CLOSE = 3;
  private static final int SYS_POLL = 7;
  private static final int SYS_MMAP = 9;
  private static final int SYS_MUNMAP = 11;
  private static final int SYS_SOCKET = 41;
  private static final int SYS_RECVMSG = 47;
  private static final int SYS_SHUTDOWN = 48;
  private static final int SYS_BIND = 49;
  private static final int SYS_LISTEN = 50;
  private static final int SYS_ACCEPT4 = 288;
  private static final int SYS_STATX = 332;

  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int CLOEXEC = 0x80000;
  private static final int MSG_CTRUNC = 8;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int SHUT_RDWR = 2;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED_NORESERVE = 0x4001;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_SIZE = 0x200;
  private static final int STX_SIZE = 40;
  private static final short POLLIN = 1;
  private static final int EINTR = 4;
  private static final int EMSGSIZE = 90;

  /** The most descriptors that one message brings, and the most bytes that one call moves. */
  public static final int MOST_DESCRIPTORS = 8;

  public static final int MOST_BYTES = 4096;

  private static final int CONTROL_HEADER = 16;
  private static final int CONTROL = CONTROL_HEADER + MOST_DESCRIPTORS * 4;
  private static final int MAX_PATH = 107;
  private static final int MOST_POLLED = 8;

  private final Arena arena = Arena.ofShared();
  private final SystemCall system = new SystemCall(arena);
  private final MemorySegment data = arena.allocate(MOST_BYTES, 8);
  private final MemorySegment control = arena.allocate(CONTROL, 8);
  private final MemorySegment message = arena.allocate(56, 8);
  private final MemorySegment vector = arena.allocate(16, 8);
  private final MemorySegment polled = arena.allocate(MOST_POLLED * 8, 8);
  private final MemorySegment event = arena.allocate(8, 8);
  private final MemorySegment status = arena.allocate(256, 8);

  private long call(int number, long a, long b, long c) {
    return system.call(number, a, b, c, 0, 0, 0);
  }

  /** A socket at a path, at which one waits for who connects. */
  public int listen(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length > MAX_PATH) {
      return -EMSGSIZE;
    }
    int socket = (int) call(SYS_SOCKET, AF_UNIX, SOCK_STREAM | CLOEXEC, 0);
    if (socket < 0) {
      return socket;
    }
    data.fill((byte) 0);
    data.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
    MemorySegment.copy(name, 0, data, ValueLayout.JAVA_BYTE, 2, name.length);
    long r = call(SYS_BIND, socket, data.address(), 2 + name.length + 1L);
    if (r == 0) {
      r = call(SYS_LISTEN, socket, 1, 0);
    }
    if (r < 0) {
      close(socket);
      return (int) r;
    }
    return socket;
  }

  /** Waits for one who connects. */
  public int accept(int listener) {
    long r;
    do {
      r = system.call(SYS_ACCEPT4, listener, 0, 0, CLOEXEC, 0, 0);
    } while (r == -EINTR);
    return (int) r;
  }

  /** Ends a connection, or the waiting for one, whoever uses it. */
  public void hangUp(int socket) {
    call(SYS_SHUTDOWN, socket, SHUT_RDWR, 0);
  }

  /**
   * Receives bytes, and the descriptors that come with them, which are the caller's then.
   *
   * @return how many; 0 at the end
   */
  public int receive(int socket, byte[] into, int from, int length, List<Integer> descriptors) {
    int most = Math.min(length, MOST_BYTES);
    vector.set(ValueLayout.JAVA_LONG, 0, data.address());
    vector.set(ValueLayout.JAVA_LONG, 8, most);
    message.fill((byte) 0);
    message.set(ValueLayout.JAVA_LONG, 16, vector.address());
    message.set(ValueLayout.JAVA_LONG, 24, 1);
    message.set(ValueLayout.JAVA_LONG, 32, control.address());
    message.set(ValueLayout.JAVA_LONG, 40, CONTROL);
    long n;
    do {
      n = call(SYS_RECVMSG, socket, message.address(), MSG_CMSG_CLOEXEC);
    } while (n == -EINTR);
    if (n < 0) {
      return (int) n;
    }
    long controlLength = message.get(ValueLayout.JAVA_LONG, 40);
    if (controlLength >= CONTROL_HEADER
        && control.get(ValueLayout.JAVA_INT, 8) == SOL_SOCKET
        && control.get(ValueLayout.JAVA_INT, 12) == SCM_RIGHTS) {
      long end = Math.min(control.get(ValueLayout.JAVA_LONG, 0), controlLength);
      for (long at = CONTROL_HEADER; at + 4 <= end; at += 4) {
        descriptors.add(control.get(ValueLayout.JAVA_INT, at));
      }
    }
    if ((message.get(ValueLayout.JAVA_INT, 48) & MSG_CTRUNC) != 0) {
      return -EMSGSIZE;
    }
    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, into, from, (int) n);
    return (int) n;
  }

  /** Sends all of it. */
  public int send(int socket, ByteBuffer bytes) {
    int length = Math.min(bytes.remaining(), MOST_BYTES);
    MemorySegment.copy(MemorySegment.ofBuffer(bytes), 0, data, 0, length);
    long done = 0;
    while (done < length) {
      long n = call(SYS_WRITE, socket, data.address() + done, length - done);
      if (n <= 0 && n != -EINTR) {
        return (int) n;
      }
      done += Math.max(n, 0);
    }
    return length;
  }

  /**
   * Waits until one of the descriptors has something, or has ended.
   *
   * @param descriptors negative ones are passed over
   * @param ready gets which
   * @param millis the most that it waits; negative for ever
   */
  public int poll(int[] descriptors, boolean[] ready, int millis) {
    int count = Math.min(descriptors.length, MOST_POLLED);
    for (int i = 0; i < count; i++) {
      polled.set(ValueLayout.JAVA_INT, i * 8L, descriptors[i]);
      polled.set(ValueLayout.JAVA_INT, i * 8L + 4, POLLIN);
    }
    int n = (int) call(SYS_POLL, polled.address(), count, millis);
    for (int i = 0; i < count; i++) {
      ready[i] = n > 0 && polled.get(ValueLayout.JAVA_SHORT, i * 8L + 6) != 0;
    }
    return n == -EINTR ? 0 : n;
  }

  /** Tells who waits for an event. */
  public int tell(int descriptor) {
    event.set(ValueLayout.JAVA_LONG, 0, 1);
    return (int) call(SYS_WRITE, descriptor, event.address(), 8);
  }

  /** Takes an event that has come. */
  public int take(int descriptor) {
    return (int) call(SYS_READ, descriptor, event.address(), 8);
  }

  /** The size of a file. */
  public long size(int descriptor) {
    event.set(ValueLayout.JAVA_BYTE, 0, (byte) 0);
    long r =
        system.call(
            SYS_STATX, descriptor, event.address(), AT_EMPTY_PATH, STATX_SIZE, status.address(), 0);
    return r < 0 ? r : status.get(ValueLayout.JAVA_LONG, STX_SIZE);
  }

  /** Maps a file, to be shared with who else has it: an address. */
  public long map(int descriptor, long offset, long length) {
    return system.call(
        SYS_MMAP, 0, length, PROT_READ_WRITE, MAP_SHARED_NORESERVE, descriptor, offset);
  }

  public void unmap(long address, long length) {
    call(SYS_MUNMAP, address, length, 0);
  }

  public void close(int descriptor) {
    call(SYS_CLOSE, descriptor, 0, 0);
  }

  @Override
  public void close() {
    arena.close();
  }
}

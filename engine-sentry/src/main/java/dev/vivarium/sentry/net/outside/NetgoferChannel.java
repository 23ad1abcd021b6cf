package dev.vivarium.sentry.net.outside;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.HelperProgram;
import dev.vivarium.sentry.host.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A running network gofer and the socket to it. One thread at a time: who starts it, then the
 * kernel thread.
 */
public final class NetgoferChannel implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** How long {@link #receive} waits once it is there; longer by up to a tick of the host's. */
  private static final Duration WAIT = Duration.ofMillis(2);

  private static final int CONTROL_SIZE = 24;

  // struct msghdr and what it points to.
  private static final int IOVEC = 56;
  private static final int CONTROL = 72;
  private static final int SEND = 128;
  private static final int RECEIVE = SEND + NetWire.REQUEST_SIZE + 65_536;
  private static final int RECEIVE_SIZE = NetWire.MESSAGE_SIZE + 65_536;

  private final MemorySegment memory = Arena.ofAuto().allocate(RECEIVE + RECEIVE_SIZE, 64);
  private final MemorySegment send = memory.asSlice(SEND);
  private final MemorySegment receive = memory.asSlice(RECEIVE);
  private final int socket;
  private final int pidfd;
  private int pid;
  private int features;
  private byte[] memberAddress = new byte[16];
  private boolean broken;
  private int sequence;

  private NetgoferChannel(int socket, int pid) {
    this.socket = socket;
    this.pid = pid;
    this.pidfd = (int) Libc.syscall(Sys.PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
  }

  /**
   * Starts one; it is confined when this returns.
   *
   * @param words what it is told: mode, rules, name servers, ports
   * @throws IOException with a line for the user: a port that is taken above all
   */
  public static NetgoferChannel start(List<String> words) throws IOException {
    HelperProgram started = HelperProgram.start("netgofer", words);
    NetgoferChannel result = new NetgoferChannel(started.socket(), started.pid());
    try {
      result.begin(started.complaints());
      return result;
    } catch (IOException | RuntimeException e) {
      result.close();
      throw e;
    } finally {
      Libc.close(started.complaints());
    }
  }

  private void begin(int complaints) throws IOException {
    Libc.setSocketTimeout(socket, Libc.SO_RCVTIMEO, PATIENCE.toNanos());
    int asked = request(NetWire.HELLO, 0, 0, 0, new byte[16], 0, new byte[0]);
    NetMessage hello = asked < 0 ? null : receive(0);
    while (hello != null && hello.sequence() != asked) {
      // A connection to a published port can be quicker: nobody is there for it yet.
      if (hello.fd() >= 0) {
        Libc.close(hello.fd());
      }
      hello = receive(0);
    }
    if (hello == null) {
      String line = HelperProgram.complaint(complaints);
      throw new IOException(line.isEmpty() ? "the network gofer ended at once" : line);
    }
    if (hello.index() != NetWire.VERSION) {
      throw new IOException("the network gofer is of another version; build again");
    }
    features = hello.value();
    memberAddress = hello.localAddress();
    Libc.setSocketTimeout(socket, Libc.SO_RCVTIMEO, WAIT.toNanos());
  }

  /** For people: what of its confinement the host did not give; empty if nothing is missing. */
  public String missing() {
    List<String> missing = new ArrayList<>();
    if ((features & NetWire.EMPTY_ROOT) == 0) {
      missing.add("an empty root directory");
    }
    if ((features & NetWire.LANDLOCK) == 0) {
      missing.add("Landlock");
    }
    if ((features & NetWire.NO_CAPS) == 0) {
      missing.add("giving up capabilities");
    }
    return String.join(", ", missing);
  }

  /** This sandbox's IPv4 address in its private network; 0 if it has joined none. */
  public int memberAddress() {
    byte[] a = memberAddress;
    return (a[12] & 0xff) << 24 | (a[13] & 0xff) << 16 | (a[14] & 0xff) << 8 | a[15] & 0xff;
  }

  boolean has(int feature) {
    return (features & feature) != 0;
  }

  /** A descriptor of the process; -1 if there is none. */
  public int pidfd() {
    return pidfd;
  }

  public int pid() {
    return pid;
  }

  int socket() {
    return socket;
  }

  /** Sends a request without waiting: its sequence number, or -1 if that is not possible. */
  int request(
      int op, int index, int value, int protocol, byte[] address, int port, byte[] payload) {
    if (broken || payload.length > NetWire.MAX_DATAGRAM) {
      return -1;
    }
    sequence = sequence == Integer.MAX_VALUE ? 1 : sequence + 1;
    send.set(ValueLayout.JAVA_INT, NetWire.REQUEST_SEQUENCE, sequence);
    send.set(ValueLayout.JAVA_SHORT, NetWire.REQUEST_OP, (short) op);
    send.set(ValueLayout.JAVA_SHORT, NetWire.REQUEST_INDEX, (short) index);
    send.set(ValueLayout.JAVA_INT, NetWire.REQUEST_VALUE, value);
    send.set(ValueLayout.JAVA_SHORT, NetWire.REQUEST_PROTOCOL, (short) protocol);
    send.set(ValueLayout.JAVA_SHORT, NetWire.REQUEST_PORT, Short.reverseBytes((short) port));
    MemorySegment.copy(address, 0, send, ValueLayout.JAVA_BYTE, NetWire.REQUEST_ADDRESS, 16);
    MemorySegment.copy(
        payload, 0, send, ValueLayout.JAVA_BYTE, NetWire.REQUEST_SIZE, payload.length);
    long n =
        Libc.send(
            socket,
            send.address(),
            NetWire.REQUEST_SIZE + payload.length,
            Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT);
    return n < 0 ? -1 : sequence;
  }

  /**
   * The next message, for which it waits a little unless it is told not to; null if there is none
   * now, or will be none ever ({@link #isBroken}).
   */
  @Nullable NetMessage receive(int flags) {
    for (; ; ) {
      message(receive.address(), RECEIVE_SIZE, CONTROL_SIZE);
      long n = Libc.recvmsg(socket, memory.address(), Libc.MSG_CMSG_CLOEXEC | flags);
      if (n == -Errno.EINTR) {
        continue;
      }
      if (n == -Errno.EAGAIN) {
        return null;
      }
      int fd = n <= 0 ? -1 : descriptor();
      if (n < NetWire.MESSAGE_SIZE) {
        broken = true;
        if (fd >= 0) {
          Libc.close(fd);
        }
        return null;
      }
      return NetMessage.read(receive, (int) n, fd);
    }
  }

  boolean isBroken() {
    return broken;
  }

  private void message(long address, long length, long controlLength) {
    memory.set(ValueLayout.JAVA_LONG, IOVEC, address);
    memory.set(ValueLayout.JAVA_LONG, IOVEC + 8, length);
    memory.set(ValueLayout.JAVA_LONG, 0, 0);
    memory.set(ValueLayout.JAVA_LONG, 8, 0);
    memory.set(ValueLayout.JAVA_LONG, 16, memory.address() + IOVEC);
    memory.set(ValueLayout.JAVA_LONG, 24, 1);
    memory.set(ValueLayout.JAVA_LONG, 32, controlLength == 0 ? 0 : memory.address() + CONTROL);
    memory.set(ValueLayout.JAVA_LONG, 40, controlLength);
    memory.set(ValueLayout.JAVA_LONG, 48, 0);
  }

  private int descriptor() {
    boolean one =
        memory.get(ValueLayout.JAVA_LONG, 40) >= 20
            && memory.get(ValueLayout.JAVA_LONG, CONTROL) == 20
            && memory.get(ValueLayout.JAVA_INT, CONTROL + 8) == Libc.SOL_SOCKET
            && memory.get(ValueLayout.JAVA_INT, CONTROL + 12) == 1;
    return one ? memory.get(ValueLayout.JAVA_INT, CONTROL + 16) : -1;
  }

  /** Ends the process. */
  @Override
  public void close() {
    broken = true;
    Libc.close(socket);
    if (pid > 0) {
      Libc.end(pid, pidfd);
      Libc.close(pidfd);
      pid = -1;
    }
  }
}

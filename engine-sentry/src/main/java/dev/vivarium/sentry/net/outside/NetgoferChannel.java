package dev.vivarium.sentry.net.outside;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.HelperProgram;
import dev.vivarium.sentry.host.HostBuffer;
import dev.vivarium.sentry.host.Libc;
import java.io.IOException;
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

  /** Level and type of what carries a descriptor. */
  private static final long RIGHTS = 1L << 32 | Libc.SOL_SOCKET;

  // struct msghdr and what it points to.
  private static final int VECTOR = 16;
  private static final int VECTOR_COUNT = 24;
  private static final int CONTROL_AT = 32;
  private static final int CONTROL_LENGTH = 40;
  private static final int IOVEC = 56;
  private static final int CONTROL = 72;
  private static final int SEND = 128;
  private static final int RECEIVE = SEND + NetWire.REQUEST_SIZE + 65_536;
  private static final int RECEIVE_SIZE = NetWire.MESSAGE_SIZE + 65_536;

  private final HostBuffer memory = new HostBuffer(RECEIVE + RECEIVE_SIZE);
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
    // What of it the host's kernel does not change.
    memory.putLong(IOVEC, memory.address() + RECEIVE);
    memory.putLong(IOVEC + 8, RECEIVE_SIZE);
    memory.putLong(VECTOR, memory.address() + IOVEC);
    memory.putLong(VECTOR_COUNT, 1);
    memory.putLong(CONTROL_AT, memory.address() + CONTROL);
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
    memberAddress = memory.bytes(RECEIVE + NetWire.MESSAGE_LOCAL_ADDRESS, 16); // of that message
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
    memory.putInt(SEND + NetWire.REQUEST_SEQUENCE, sequence);
    memory.putInt(SEND + NetWire.REQUEST_OP, op & 0xffff | index << 16);
    memory.putInt(SEND + NetWire.REQUEST_VALUE, value);
    int portInNetworkOrder = (port & 0xff) << 8 | port >> 8 & 0xff;
    memory.putInt(SEND + NetWire.REQUEST_PROTOCOL, protocol & 0xffff | portInNetworkOrder << 16);
    memory.put(SEND + NetWire.REQUEST_ADDRESS, address);
    memory.put(SEND + NetWire.REQUEST_SIZE, payload);
    long n =
        Libc.send(
            socket,
            memory.address() + SEND,
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
      memory.putLong(CONTROL_LENGTH, CONTROL_SIZE);
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
      return NetMessage.read(memory, RECEIVE, (int) n, fd);
    }
  }

  boolean isBroken() {
    return broken;
  }

  private int descriptor() {
    boolean one =
        memory.getLong(CONTROL_LENGTH) >= 20
            && memory.getLong(CONTROL) == 20
            && memory.getLong(CONTROL + 8) == RIGHTS;
    return one ? memory.getInt(CONTROL + 16) : -1;
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

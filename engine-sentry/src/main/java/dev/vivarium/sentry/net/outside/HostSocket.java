package dev.vivarium.sentry.net.outside;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.HostBuffer;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A connection that the network gofer made. It never blocks: what cannot be done now is -EAGAIN,
 * and whoever waits is woken through the queue of its socket.
 */
public final class HostSocket implements ReadyPoller.Watched {
  /** What one call moves at most through {@link Outside#buffer}. */
  static final int BUFFER = 256 * 1024;

  private static final int READS = Poll.IN | Poll.RDHUP | Poll.PRI;
  private static final int SO_ERROR = 4;
  private static final int SO_PEERNAME = 28;
  private static final int SO_LINGER = 13;
  private static final int MAX_OPTION = 256;

  private final Outside outside;
  private final int fd;
  private final int slot;
  private final WaitQueue queue;
  private final Runnable input;
  private final boolean datagrams;
  private int armed;
  private boolean closed;

  /** The last receive took all that there was. */
  private boolean drained;

  /** The first byte to come is an errno or 0: what became of the connection. */
  private boolean awaitsVerdict;

  /** That errno, once it is known and as long as nobody has asked for it. */
  private int verdict;

  private boolean refused;

  /** Sees the bytes that go each way, where they are. */
  public interface Copies {
    void sent(MemorySegment from, long offset, long length);

    void received(MemorySegment to, long offset, long length);
  }

  private @Nullable Copies copies;

  /** Bytes that went each way, for the report. */
  private long sent;

  private long received;

  /**
   * A new one.
   *
   * @param queue woken when something may have changed
   * @param input run before that when there may be something to read
   * @param datagrams whether it is a way of datagrams, whose owner does not ask for what there is
   * @param awaitsVerdict whether the first byte says what became of the connection
   */
  HostSocket(
      Outside outside,
      int fd,
      WaitQueue queue,
      Runnable input,
      boolean datagrams,
      boolean awaitsVerdict) {
    this.outside = outside;
    this.datagrams = datagrams;
    this.awaitsVerdict = awaitsVerdict;
    this.fd = fd;
    this.queue = queue;
    this.input = input;
    this.slot = outside.poller().add(fd, this, true);
  }

  /** Who is to see what goes over a stream. */
  public void setCopies(Copies to) {
    copies = to;
  }

  public long sent() {
    return sent;
  }

  public long received() {
    return received;
  }

  /** Asks to be woken when one of these events has come. */
  public void arm(int wanted) {
    // Until there is a verdict the socket looks as if one could write.
    int events = awaitsVerdict ? Poll.IN : wanted;
    if ((armed & events) != events && !closed) {
      armed |= events;
      outside.poller().arm(slot, armed);
    }
  }

  @Override
  public void ready(int events) {
    int waited = armed;
    armed = 0;
    int end = Poll.ERR | Poll.HUP;
    if (awaitsVerdict) {
      boolean known = takeVerdict();
      if (known && datagrams) {
        input.run();
      }
      queue.wake(
          known ? Poll.OUT | Poll.WRNORM | (refused ? Poll.IN | Poll.ERR | Poll.HUP : 0) : 0);
      return;
    }
    if ((events & (READS | end)) != 0) {
      input.run();
    }
    queue.wake(
        events
            | ((events & (Poll.IN | end)) != 0 ? Poll.IN | Poll.RDNORM : 0)
            | ((events & (Poll.OUT | end)) != 0 ? Poll.OUT | Poll.WRNORM : 0));
    // The end of what the peer sends comes with input too.
    int rest = waited & ~events & (Poll.IN | Poll.OUT);
    if (rest != 0 && (events & end) == 0) {
      arm(rest);
    }
  }

  /** Which events there are now; somebody who watches will be told of the others. */
  public int poll() {
    if (awaitsVerdict && !takeVerdict()) {
      if (!queue.isEmpty()) {
        arm(Poll.IN);
      }
      return 0;
    }
    if (refused) {
      return Poll.IN | Poll.OUT | Poll.ERR | Poll.HUP | Poll.RDHUP;
    }
    int interest = Poll.IN | Poll.OUT | Poll.RDHUP | Poll.PRI;
    int now = outside.poller().poll(fd, interest);
    if (!queue.isEmpty() && (now & (Poll.ERR | Poll.HUP)) == 0) {
      arm(interest & ~Poll.PRI & ~now);
    }
    return now
        | ((now & Poll.IN) != 0 ? Poll.RDNORM : 0)
        | ((now & Poll.OUT) != 0 ? Poll.WRNORM : 0);
  }

  /** What has become of a connection that is being made. */
  public enum Progress {
    UNDECIDED,
    CONNECTED,
    /**
     * It has failed, or has been there and is over: {@link #takeError} and {@link #isConnected}
     * tell.
     */
    DECIDED
  }

  /** Whether a connection that is being made is there, or has failed. */
  public Progress progress() {
    if (awaitsVerdict || refused) {
      return takeVerdict() ? Progress.DECIDED : Progress.UNDECIDED;
    }
    return switch (outside.poller().poll(fd, Poll.OUT) & (Poll.OUT | Poll.ERR | Poll.HUP)) {
      case 0 -> Progress.UNDECIDED;
      case Poll.OUT -> Progress.CONNECTED;
      default -> Progress.DECIDED;
    };
  }

  /** Looks for the verdict; whether it is there. */
  private boolean takeVerdict() {
    if (!awaitsVerdict) {
      return true;
    }
    HostBuffer b = outside.buffer();
    long n = Libc.recv(fd, b.address(), 1, Libc.MSG_DONTWAIT);
    if (n == -Errno.ECONNRESET) {
      // Datagrams that waited were not read, of which one is told before the verdict.
      n = Libc.recv(fd, b.address(), 1, Libc.MSG_DONTWAIT);
    }
    if (n == -Errno.EAGAIN) {
      return false;
    }
    awaitsVerdict = false;
    verdict = n == 1 ? b.getByte(0) : Errno.ECONNREFUSED;
    refused = verdict != 0;
    return true;
  }

  /** Whether its verdict was that there is no connection. */
  public boolean isRefused() {
    return refused;
  }

  /** Sends what it can now of the next bytes that lie together: the count, or a negative errno. */
  public long send(Uio src, int flags) {
    if (awaitsVerdict && !takeVerdict()) {
      return -Errno.EAGAIN;
    }
    if (refused) {
      return verdict != 0 ? -takeError() : -Errno.EPIPE;
    }
    long there = src.peek(false);
    if (there < 0) {
      return there;
    }
    MemorySegment from = src.segment();
    long count = Math.min(Math.min(there, src.remaining()), BUFFER);
    long address;
    if (from.isNative()) {
      address = from.address() + src.segmentOffset();
    } else {
      MemorySegment.copy(from, src.segmentOffset(), outside.buffer().segment(), 0, count);
      address = outside.buffer().address();
    }
    int how = flags & (Sockets.MSG_OOB | Sockets.MSG_MORE) | Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL;
    if (count < src.remaining()) {
      how |= Sockets.MSG_MORE;
    }
    long n = Libc.send(fd, address, count, how);
    if (n > 0) {
      if (copies != null) {
        copies.sent(from, src.segmentOffset(), n);
      }
      src.advance(n);
      sent += n;
      outside.count(true, n, Outside.TCP_HEADER);
    }
    return n;
  }

  /**
   * Sends one datagram.
   *
   * @param known whether it is to be known first that there is a way, -EAGAIN if it is not yet;
   *     otherwise it is kept until then
   */
  public long sendDatagram(byte[] data, boolean known) {
    if (awaitsVerdict && !takeVerdict() && known) {
      return -Errno.EAGAIN;
    }
    if (refused) {
      return verdict != 0 ? -verdict : -Errno.EPIPE;
    }
    HostBuffer b = outside.buffer();
    b.put(0, data);
    long n = Libc.send(fd, b.address(), data.length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
    if (n > 0) {
      sent += n;
      outside.count(true, n, Outside.UDP_HEADER);
    }
    return n;
  }

  /**
   * Receives what is there now into the next bytes that lie together: the count, 0 at the end, or a
   * negative errno.
   */
  public long receive(Uio dst, int flags) {
    boolean peek = (flags & Sockets.MSG_PEEK) != 0;
    drained = false;
    if (awaitsVerdict && !takeVerdict()) {
      return -Errno.EAGAIN;
    }
    if (refused) {
      return verdict != 0 ? -takeError() : 0;
    }
    int how = flags & (Sockets.MSG_PEEK | Sockets.MSG_OOB) | Libc.MSG_DONTWAIT;
    long there = dst.peek(true);
    if (there < 0) {
      return there;
    }
    long n;
    if (!peek && dst.segment().isNative()) {
      long address = dst.segment().address() + dst.segmentOffset();
      long wanted = Math.min(there, dst.remaining());
      n = Libc.recv(fd, address, wanted, how);
      if (n > 0) {
        if (copies != null) {
          copies.received(dst.segment(), dst.segmentOffset(), n);
        }
        dst.advance(n);
        drained = n < wanted;
      }
    } else {
      HostBuffer b = outside.buffer();
      long wanted = Math.min(dst.remaining(), BUFFER);
      n = Libc.recv(fd, b.address(), peek ? wanted : Math.min(there, wanted), how);
      if (n > 0) {
        if (copies != null && !peek) {
          copies.received(b.segment(), 0, n);
        }
        n = dst.put(b.segment(), 0, n);
      }
    }
    if (n > 0 && !peek) {
      received += n;
      outside.count(false, n, Outside.TCP_HEADER);
    }
    return n;
  }

  /** Whether the last receive found less than it asked for, so that there is no more now. */
  public boolean isDrained() {
    return drained;
  }

  /** The next datagram; null and an errno in {@code error[0]} if there is none now. */
  public byte @Nullable [] receiveDatagram(int[] error) {
    if (awaitsVerdict && !takeVerdict()) {
      error[0] = Errno.EAGAIN;
      return null;
    }
    if (refused) {
      error[0] = verdict;
      return null;
    }
    HostBuffer b = outside.buffer();
    long n = Libc.recv(fd, b.address(), BUFFER, Libc.MSG_DONTWAIT);
    if (n < 0) {
      error[0] = (int) -n;
      return null;
    }
    received += n;
    outside.count(false, n, Outside.UDP_HEADER);
    return b.bytes(0, (int) n);
  }

  /** Bytes to read (FIONREAD) or to send (TIOCOUTQ). */
  public int queued(int request) {
    HostBuffer b = outside.buffer();
    long r = Libc.syscall(Sys.IOCTL, fd, request, b.address(), 0, 0, 0);
    return r < 0 ? 0 : b.getInt(0);
  }

  /** shutdown(2). */
  public long shutdown(int how) {
    return Libc.syscall(Sys.SHUTDOWN, fd, how, 0, 0, 0, 0);
  }

  /** Takes the pending error (SO_ERROR). */
  public int takeError() {
    if (awaitsVerdict) {
      takeVerdict();
    }
    if (verdict != 0) {
      int e = verdict;
      verdict = 0;
      return e;
    }
    byte[] value = option(Sockets.SOL_SOCKET, SO_ERROR);
    return value.length < 4 ? 0 : value[0] & 0xff | (value[1] & 0xff) << 8;
  }

  /** Whether there is a peer. */
  public boolean isConnected() {
    if (awaitsVerdict && !takeVerdict() || refused) {
      return false;
    }
    HostBuffer b = outside.buffer();
    // No more than a name has: SO_PEERNAME refuses that.
    b.putInt(0, 2);
    long r =
        Libc.syscall(
            Sys.GETSOCKOPT, fd, Sockets.SOL_SOCKET, SO_PEERNAME, b.address() + 8, b.address(), 0);
    return r == 0;
  }

  /** The bytes of an option's value; none if there is no such option. */
  public byte[] option(int level, int option) {
    HostBuffer b = outside.buffer();
    b.putInt(0, MAX_OPTION);
    long r = Libc.syscall(Sys.GETSOCKOPT, fd, level, option, b.address() + 8, b.address(), 0);
    return r < 0 ? new byte[0] : b.bytes(8, b.getInt(0));
  }

  /** Sets an option that tunes this connection and nothing else. */
  public void setOption(int level, int option, int value) {
    HostBuffer b = outside.buffer();
    b.putInt(0, value);
    Libc.syscall(Sys.SETSOCKOPT, fd, level, option, b.address(), 4, 0);
  }

  /** Closes it; with {@code reset} the peer is told at once, and what was not sent is lost. */
  public void close(boolean reset) {
    if (closed) {
      return;
    }
    closed = true;
    if (reset) {
      HostBuffer b = outside.buffer();
      b.putInt(0, 1);
      b.putInt(4, 0);
      Libc.syscall(Sys.SETSOCKOPT, fd, Sockets.SOL_SOCKET, SO_LINGER, b.address(), 8, 0);
    }
    outside.poller().remove(slot);
    Libc.close(fd);
    outside.socketClosed();
  }

  /** A buffer for all; see {@link Outside#buffer}. */
  static HostBuffer newBuffer() {
    return new HostBuffer(BUFFER);
  }

  /** For who waits: whether an errno says that it should. */
  public static boolean mustWait(long result) {
    return result == -Errno.EAGAIN;
  }
}

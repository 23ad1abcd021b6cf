package dev.vivarium.sentry.net.outside;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.HostBuffer;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.KernelLoop;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The network outside: asks the network gofer for connections, and takes those that come to
 * published ports. On the kernel thread.
 */
public final class Outside implements ReadyPoller.Watched {
  /** What comes from outside without having been asked for. */
  public interface Arrivals {
    /** A connection to a published port; the descriptor is taken over. */
    void connection(int port, int fd, byte[] peer, int peerPort);

    /** A connection of another member of the private network; the descriptor is taken over. */
    void memberConnection(int guestPort, int fd, byte[] peer, int peerPort);

    /** A datagram of another member of the private network. */
    void memberDatagram(int guestPort, byte[] peer, int peerPort, byte[] data);

    /** A datagram to a published port. */
    void datagram(int port, byte[] peer, int peerPort, byte[] data);
  }

  /** What is told of every attempt, for the log and the report. */
  public interface Observer {
    /**
     * A connection, or the first datagram to somebody, was asked for.
     *
     * @param error 0, or why not; EACCES if the policy refuses
     * @param rule the number of the rule that decided, or a negative number of its own
     * @param kind what the address is: the ordinal of an AddressKind
     * @param name by which the rule allows it, or empty
     * @param durationNanos how long that took; 0 if a connection is on its way still
     */
    void opened(
        int pid,
        boolean stream,
        byte[] address,
        int port,
        int error,
        int rule,
        int kind,
        String name,
        long durationNanos);

    /** A connection that was on its way is there. */
    void connected(byte[] address, int port, long durationNanos);

    /** Somebody was to be reached by what no rule can allow. */
    void refused(int pid, String protocol, byte[] address);

    /** A name was asked for. */
    void resolved(String name, int type, int error, int rule, int kind, byte[] address);

    /**
     * A person is to be asked.
     *
     * @param number of the question, for {@link Outside#answer}
     * @param pid whose attempt it was; 0 if that is not known
     * @param protocol tcp, udp, or dns for a name that is to be looked up
     */
    void asked(
        int number, int pid, String protocol, byte[] address, int port, int kind, String name);

    /** A connection from outside has come. */
    void accepted(int port, byte[] address, int peerPort);

    /** A connection has ended. */
    void closed(boolean stream, byte[] address, int port, long sent, long received);
  }

  /** How long a full socket is tried. */
  private static final long LOOK_NANOS = 80_000;

  /** How long this thread waits for an answer before it does other things meanwhile. */
  private static final long WAIT_NANOS = 2_000_000;

  private static final int MAX_SOCKETS = 16_384;
  private static final int MAX_ASKERS = 256;
  private static final int SEGMENT = 1448;

  /** Of a frame with TCP, and with UDP. */
  static final int TCP_HEADER = 66;

  static final int UDP_HEADER = 42;
  private static final int SO_LINGER = 13;
  private static final int RLIMIT_NOFILE = 7;
  private static final int FEW_DESCRIPTORS = 1024;

  private final NetgoferChannel channel;
  private final ReadyPoller poller;
  private final Observer observer;
  private final int slot;
  private final Map<Integer, Opening> openings = new HashMap<>();

  /** Whose the last requests were; one for a name server may be asked about much later. */
  private final Map<Integer, Integer> askers =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Integer> eldest) {
          return size() > MAX_ASKERS;
        }
      };

  /** Answers that the gofer could not be told yet: number and what was said. */
  private final ArrayDeque<int[]> answers = new ArrayDeque<>();

  /** Connections that the guest has taken, by published port, and the gofer does not know of. */
  private final Map<Integer, Integer> owed = new HashMap<>();

  /** What the gofer could not be told yet. */
  private final ArrayDeque<Integer> unlistened = new ArrayDeque<>();

  private final HostBuffer buffer = HostSocket.newBuffer();
  private final Runnable lost;
  private @Nullable Arrivals arrivals;
  private final int maxSockets;
  private int sockets;
  private boolean toldLost;

  /** What the gofer was last asked as a sign of life, 0 if it has answered. */
  private int asked;

  private int looksUnanswered;

  /** For /proc/net/dev: bytes and packets received, bytes and packets sent. */
  private final long[] traffic = new long[4];

  /**
   * Takes over a channel.
   *
   * @param lost run once if the network gofer is gone
   */
  public Outside(NetgoferChannel channel, KernelLoop loop, Observer observer, Runnable lost) {
    this.channel = channel;
    this.poller = new ReadyPoller(loop);
    this.observer = new LaterObserver(observer, loop);
    this.lost = lost;
    this.slot = poller.add(channel.socket(), this, false);
    this.maxSockets = Math.min(MAX_SOCKETS, descriptorLimit() / 2);
  }

  /** The sentry needs descriptors for other things too. */
  private static int descriptorLimit() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limit = arena.allocate(16, 8);
      long r = Libc.syscall(Sys.GETRLIMIT, RLIMIT_NOFILE, limit.address(), 0, 0, 0, 0);
      long soft = r < 0 ? FEW_DESCRIPTORS : Fields.getLong(limit, 0);
      return (int) Math.max(0, Math.min(soft, 2L * MAX_SOCKETS));
    }
  }

  /** Begins to take what comes. On the kernel thread. */
  public void start(Arrivals to) {
    arrivals = to;
    poller.arm(slot, Poll.IN);
  }

  /** This sandbox's IPv4 address in its private network; 0 if it has joined none. */
  public int memberAddress() {
    return channel.memberAddress();
  }

  public boolean hasV6() {
    return channel.has(NetWire.HAS_V6);
  }

  ReadyPoller poller() {
    return poller;
  }

  /** A buffer for all, since nothing is kept in it beyond one host call. */
  HostBuffer buffer() {
    return buffer;
  }

  /** Bytes and packets received, and sent; of streams, as many packets as there must have been. */
  public long[] traffic() {
    return traffic.clone();
  }

  void count(boolean sent, long bytes, int header) {
    long packets = (bytes + SEGMENT - 1) / SEGMENT;
    int at = sent ? 2 : 0;
    traffic[at] += bytes + Math.max(1, packets) * header;
    traffic[at + 1] += Math.max(1, packets);
  }

  void socketClosed() {
    sockets--;
  }

  /**
   * Makes a connection (or, for datagrams, a way to one destination); it may be on its way still.
   *
   * @param address sixteen bytes, IPv4 mapped
   * @param ownPort the guest's, which another member of a private network sees
   * @param out receives the socket in its first element
   * @return 0 or a negative errno
   */
  public long open(
      Task t,
      boolean stream,
      byte[] address,
      int port,
      int ownPort,
      WaitQueue queue,
      Runnable input,
      @Nullable HostSocket[] out) {
    if (sockets >= maxSockets) {
      return -Errno.ENOBUFS;
    }
    Opening opening = new Opening(t.group.pid(), stream);
    int fd = ask(t, NetWire.OPEN, ownPort, address, port, opening);
    if (fd < 0) {
      return fd;
    }
    sockets++;
    out[0] = new HostSocket(this, fd, queue, input, !stream, opening.hasVerdict);
    return 0;
  }

  /** Whether the guest's sockets are those of a network namespace that others see too. */
  public boolean isInNamespace() {
    return channel.has(NetWire.IN_NAMESPACE);
  }

  /**
   * Listens, or for datagrams is bound, in the namespace.
   *
   * @return the number by which {@link Arrivals} tells of what comes, or a negative errno
   */
  public int listen(Task t, boolean stream, byte[] address, int port) {
    Opening opening = new Opening(t.group.pid(), stream);
    opening.listens = true;
    return ask(t, NetWire.LISTEN, 0, address, port, opening);
  }

  /** Listens there no longer. */
  public void unlisten(int index) {
    owed.remove(index);
    if (channel.request(NetWire.UNLISTEN, index, 0, 0, new byte[16], 0, NONE) < 0
        && !channel.isBroken()) {
      unlistened.add(index);
      poller.arm(slot, Poll.IN | Poll.OUT);
    }
  }

  /** Asks and waits for the answer: what was opened, or a negative errno. */
  private int ask(Task t, int op, int ownPort, byte[] address, int port, Opening opening) {
    int protocol = opening.stream ? NetWire.PROTOCOL_TCP : NetWire.PROTOCOL_UDP;
    long start = System.nanoTime();
    int sequence;
    // No other thread is woken by the answer; before it is asked for, since the gofer may run at
    // once.
    poller.claim(slot);
    do {
      sequence = channel.request(op, 0, ownPort, protocol, address, port, NONE);
      if (sequence < 0) {
        drain();
        if (channel.isBroken()) {
          return -Errno.ENETDOWN;
        }
        if (System.nanoTime() - start > LOOK_NANOS) {
          watch();
          return -Errno.ENOBUFS;
        }
      }
    } while (sequence < 0);
    openings.put(sequence, opening);
    askers.put(sequence, opening.pid);
    // The gofer answers at once. To sleep until then lets it run here, without a wake-up of another
    // processor, and this thread is on again when it has answered.
    while (!opening.isDone() && !channel.isBroken() && System.nanoTime() - start < WAIT_NANOS) {
      NetMessage m = channel.receive(0);
      if (m != null) {
        take(m);
      }
    }
    if (channel.isBroken()) {
      drain();
    } else {
      watch();
    }
    return opening.await(t);
  }

  /** Has this be told of what comes, and of room for what is still to be said. */
  private void watch() {
    boolean owing = !owed.isEmpty() || !answers.isEmpty() || !unlistened.isEmpty();
    poller.arm(slot, owing ? Poll.IN | Poll.OUT : Poll.IN);
  }

  private static final byte[] NONE = {};

  /** Ends a connection that nobody waits for: its peer is told so at once. */
  public static void refuse(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment linger = arena.allocate(8, 4);
      Fields.putInt(linger, 0, 1);
      Libc.syscall(Sys.SETSOCKOPT, fd, Libc.SOL_SOCKET, SO_LINGER, linger.address(), 8, 0);
    }
    Libc.close(fd);
  }

  /** A connection that came to a published port. */
  public HostSocket accepted(int fd, WaitQueue queue) {
    sockets++;
    return new HostSocket(this, fd, queue, () -> {}, false, false);
  }

  /** Tells another member of the private network that its connection has been accepted. */
  public static void welcome(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      long zero = arena.allocate(1).address();
      Libc.send(fd, zero, 1, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
    }
  }

  /** A datagram to another member of the private network; lost if there is no room. */
  public void sendToMember(byte[] address, int port, int ownPort, byte[] data) {
    count(true, data.length, UDP_HEADER);
    channel.request(
        NetWire.DATAGRAM, NetWire.MEMBER_PORT, ownPort, NetWire.PROTOCOL_UDP, address, port, data);
  }

  /** The guest has taken connections from a published port, so that more may come. */
  public void credit(int port) {
    owed.merge(port, 1, Integer::sum);
    payCredit();
  }

  /**
   * Tells what a person said. On the kernel thread.
   *
   * @param allow empty if nobody said anything
   */
  public void answer(int number, Optional<Boolean> allow) {
    answers.add(
        new int[] {
          number,
          allow.isEmpty()
              ? NetWire.ANSWER_NONE
              : allow.get() ? NetWire.ANSWER_ALLOW : NetWire.ANSWER_REFUSE
        });
    payCredit();
  }

  /** What cannot be said now is said when the socket has room again. */
  private void payCredit() {
    while (!answers.isEmpty()) {
      int[] a = answers.getFirst();
      if (channel.request(NetWire.ANSWER, a[1], a[0], 0, new byte[16], 0, NONE) < 0) {
        if (!channel.isBroken()) {
          poller.arm(slot, Poll.IN | Poll.OUT);
        }
        return;
      }
      answers.removeFirst();
    }
    while (!unlistened.isEmpty()) {
      int index = unlistened.getFirst();
      if (channel.request(NetWire.UNLISTEN, index, 0, 0, new byte[16], 0, NONE) < 0) {
        return;
      }
      unlistened.removeFirst();
    }
    Iterator<Map.Entry<Integer, Integer>> all = owed.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Integer, Integer> e = all.next();
      if (channel.request(NetWire.CREDIT, e.getKey(), e.getValue(), 0, new byte[16], 0, NONE) < 0) {
        if (!channel.isBroken()) {
          poller.arm(slot, Poll.IN | Poll.OUT);
        }
        return;
      }
      all.remove();
    }
  }

  /** Answers whoever wrote to a published port; lost if there is no room, as datagrams are. */
  public void reply(int port, byte[] address, int peerPort, byte[] data) {
    count(true, data.length, UDP_HEADER);
    channel.request(NetWire.DATAGRAM, port, 0, NetWire.PROTOCOL_UDP, address, peerPort, data);
  }

  public Observer observer() {
    return observer;
  }

  @Override
  public void ready(int events) {
    drain();
    if (!channel.isBroken()) {
      poller.arm(slot, Poll.IN);
      payCredit();
    }
  }

  /**
   * Looks whether the gofer still answers. To be called every few seconds.
   *
   * @return how many looks it has not answered in
   */
  public int lookAfterGofer() {
    if (channel.isBroken()) {
      return 0; // which has been told
    }
    if (asked > 0) {
      return ++looksUnanswered;
    }
    asked = Math.max(0, channel.request(NetWire.HELLO, 0, 0, 0, new byte[16], 0, NONE));
    looksUnanswered = asked > 0 ? 0 : looksUnanswered + 1;
    return looksUnanswered;
  }

  private void drain() {
    for (NetMessage m = channel.receive(Libc.MSG_DONTWAIT);
        m != null;
        m = channel.receive(Libc.MSG_DONTWAIT)) {
      take(m);
    }
    if (channel.isBroken() && !toldLost) {
      toldLost = true;
      openings.values().forEach(o -> o.finish(Errno.ENETDOWN, -1));
      openings.clear();
      lost.run();
    }
  }

  private void take(NetMessage m) {
    switch (m.event()) {
      case NetWire.REPLY -> {
        if (m.sequence() == asked) {
          asked = 0;
        }
        Opening opening = openings.remove(m.sequence());
        if (opening != null && opening.listens) {
          if (opening.isAbandoned() && m.error() == 0) {
            unlisten(m.index());
          }
          opening.finishListening(m.error(), m.index());
          break;
        }
        if (opening != null) {
          observer.opened(
              opening.pid,
              opening.stream,
              m.address(),
              m.port(),
              m.error(),
              m.rule(),
              m.kind(),
              m.name(),
              opening.stream && m.error() == 0 ? 0 : System.nanoTime() - opening.begun);
          opening.hasVerdict = m.index() == NetWire.OPEN_VERDICT;
          opening.finish(m.error(), m.fd());
          return;
        }
      }
      case NetWire.ACCEPTED -> {
        Arrivals to = arrivals;
        if (m.index() == NetWire.MEMBER_PORT) {
          credit(NetWire.MEMBER_PORT); // it is bounded by the listener's queue
          if (to != null && m.fd() >= 0 && sockets < maxSockets) {
            observer.accepted(m.index(), m.address(), m.port());
            to.memberConnection(m.localPort(), m.fd(), m.address(), m.port());
            return;
          }
          break;
        }
        observer.accepted(m.index(), m.address(), m.port());
        if (to != null && m.fd() >= 0 && sockets < maxSockets) {
          to.connection(m.index(), m.fd(), m.address(), m.port());
          return;
        }
        credit(m.index());
      }
      case NetWire.ARRIVED -> {
        count(false, m.payload().length, UDP_HEADER);
        Arrivals to = arrivals;
        if (to != null && m.index() == NetWire.MEMBER_PORT) {
          to.memberDatagram(m.localPort(), m.address(), m.port(), m.payload());
        } else if (to != null) {
          to.datagram(m.index(), m.address(), m.port(), m.payload());
        }
      }
      case NetWire.QUESTION ->
          observer.asked(
              m.value(),
              askers.getOrDefault(m.sequence(), 0),
              m.protocol() == NetWire.PROTOCOL_TCP
                  ? "tcp"
                  : m.protocol() == NetWire.PROTOCOL_UDP ? "udp" : "dns",
              m.address(),
              m.port(),
              m.kind(),
              m.name());
      case NetWire.RESOLVED ->
          observer.resolved(m.name(), m.value(), m.error(), m.rule(), m.kind(), m.address());
      default -> {}
    }
    if (m.fd() >= 0) {
      Libc.close(m.fd());
    }
  }
}

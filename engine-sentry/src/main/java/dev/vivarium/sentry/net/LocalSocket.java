package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A socket whose peer is in the same sandbox. Subclasses know the names: who is bound where. What
 * is the same for all is here: connections, queues, waiting, the end.
 */
public abstract class LocalSocket extends SocketFile {
  protected final Network network;
  final ReceiveQueue received = new ReceiveQueue();

  /** The other end of a connection, or where a datagram socket sends by default. */
  @Nullable LocalSocket peer;

  boolean wasConnected;

  /** A connect that did not wait: the next one tells what came of it. */
  private boolean connecting;

  private boolean listening;
  private final Backlog backlog = new Backlog();

  /** Where this socket stands among those that a listener has no place for yet. */
  @Nullable Joining joining;

  /** Nothing more will arrive: the peer has shut down or is gone. */
  boolean receiveEnded;

  /** The connection was broken off: the peer closed it with data unread, or got data after that. */
  boolean reset;

  /** This side has promised to send (or receive) no more. */
  boolean sendShut;

  boolean receiveShut;
  boolean closed;

  /** The connection of a TCP socket whose peer is not of this sandbox. */
  private @Nullable OutsideStream outside;

  private PeerCredentials owner = PeerCredentials.NOBODY;
  private PeerCredentials peerOwner = PeerCredentials.NOBODY;

  protected LocalSocket(
      Network network, Inode inode, int flags, int domain, int type, int protocol) {
    super(inode, flags, domain, type, protocol);
    this.network = network;
  }

  final boolean isStream() {
    return type == Sockets.SOCK_STREAM;
  }

  final boolean isConnectionOriented() {
    return type != Sockets.SOCK_DGRAM;
  }

  // ---- names: for subclasses ----

  /** Finds who is at an address, as a receiver of datagrams or a listener; else an errno. */
  protected abstract long find(Task t, byte[] address, LocalSocket[] out);

  /** A socket like this one, for the listener's side of a connection made by {@code client}. */
  protected abstract LocalSocket newServerSide(Task t, LocalSocket client, byte[] address);

  /** The socket is about to be used without a name: gives it one if its family has it so. */
  protected abstract long autobind(Task t);

  /** Gives the name back. */
  protected abstract void unbind();

  /** This socket's name as a receiver sees it. */
  protected byte @Nullable [] nameFor(LocalSocket receiver) {
    return localName();
  }

  /** Whether a connected datagram socket knows an address (UDP), and not a socket. */
  protected boolean sendsByAddress() {
    return false;
  }

  /** connect(2) of a socket that {@link #sendsByAddress}. */
  protected long connectByAddress(Task t, byte[] address) {
    return -Errno.EOPNOTSUPP;
  }

  /** Undoes {@link #connectByAddress}. */
  protected void forgetAddress() {}

  /** The address of {@link #connectByAddress}, or null. */
  protected byte @Nullable [] defaultAddress() {
    return null;
  }

  /** Whether a full receiver loses datagrams (UDP) instead of making the sender wait. */
  protected abstract boolean dropsWhenFull();

  // ---- the network outside ----

  final @Nullable OutsideStream outside() {
    return outside;
  }

  /** Whether an address is of no socket of this sandbox, and there is a network to find it. */
  protected boolean goesOutside(byte[] address) {
    return false;
  }

  /** Begins a connection to such an address. */
  protected @Nullable OutsideStream beginOutside(Task t, byte[] address, long[] error) {
    return null;
  }

  /** Sends a datagram to such an address. */
  protected long sendOutside(Task t, byte[] address, byte[] data, SocketMessage m) {
    return -Errno.ENETUNREACH;
  }

  /** Looks whether datagrams have come from outside. */
  protected boolean drainOutside() {
    return false;
  }

  private long connectOutside(Task t, byte[] address) {
    OutsideStream o = outside;
    if (listening || o == null && wasConnected) {
      return -Errno.EISCONN;
    }
    if (o == null) {
      long[] error = {0};
      o = beginOutside(t, address, error);
      if (o == null) {
        return error[0];
      }
      if (outside != null) {
        o.close(true); // another thread was quicker
        return -Errno.EALREADY;
      }
      outside = o;
      if (isNonBlocking()) {
        return -Errno.EINPROGRESS; // what comes of it shows in SO_ERROR, and poll tells when
      }
    }
    long r = isNonBlocking() ? o.progress() : o.await(t, deadline(options.sendTimeoutNanos));
    if (r == -Errno.EINPROGRESS || r == -Errno.ERESTARTSYS || r == -Errno.EINTR) {
      return r == -Errno.EINPROGRESS && isNonBlocking() ? -Errno.EALREADY : r;
    }
    if (o.isEstablished()) {
      wasConnected = true;
      if (r == 0) {
        queue.wake(Poll.OUT | Poll.WRNORM);
      }
      return r;
    }
    outside = null;
    o.close(false);
    queue.wake(0);
    return r;
  }

  /** A connection of the host's arrives at this listener. */
  protected final void arriveFromOutside(LocalSocket server, OutsideStream stream) {
    server.outside = stream;
    server.wasConnected = true;
    server.owner = owner;
    backlog.add(server);
    queue.wake(Poll.IN | Poll.RDNORM);
  }

  /** A datagram of the host's arrives. */
  protected final void arriveFromOutside(ReceiveQueue.Message m) {
    arrive(m);
  }

  protected final boolean hasRoomForDatagram() {
    return !closed && !receiveShut && received.hasRoom(2048);
  }

  @Override
  public final int takeError() {
    OutsideStream o = outside;
    return o != null ? o.takeError() : super.takeError();
  }

  @Override
  protected final void optionChanged(int level, int option, int value) {
    OutsideStream o = outside;
    if (o != null) {
      o.optionChanged(level, option, value);
    }
  }

  // ---- who looks on: for subclasses whose data would go over a wire ----

  /** A connection was made. */
  protected void showOpened() {}

  /** A connection was refused. */
  protected void showRefused(byte[] address) {}

  /** Data of a stream is on its way to the peer. */
  protected void showData(byte[] data) {}

  /** This side sends no more. */
  protected void showEnded(boolean reset) {}

  /** A datagram is on its way. */
  protected void showDatagram(LocalSocket to, byte[] data) {}

  // ---- connections ----

  final @Nullable LocalSocket peer() {
    return peer;
  }

  @Override
  public final boolean isListening() {
    return listening;
  }

  /** Joins two fresh sockets. */
  static void join(Task t, LocalSocket a, LocalSocket b) {
    a.connected(b, PeerCredentials.of(t));
    b.connected(a, PeerCredentials.of(t));
  }

  private void connected(LocalSocket other, PeerCredentials who) {
    peer = other;
    wasConnected = true;
    peerOwner = who;
  }

  @Override
  public final PeerCredentials peerCredentials() {
    return peerOwner;
  }

  @Override
  public final long connect(Task t, byte[] address) {
    if (isUnspecified(address)) {
      connecting = false;
      leave();
      OutsideStream o = outside;
      if (o != null) {
        outside = null;
        wasConnected = false;
        o.close(true);
      }
      return connectNow(t, address);
    }
    if (isTcp() && (outside != null || goesOutside(address))) {
      return connectOutside(t, address);
    }
    if (joining != null) {
      return -Errno.EALREADY;
    }
    if (connecting) {
      connecting = false;
      return error != 0 ? -takeError() : wasConnected ? 0 : -Errno.ECONNABORTED;
    }
    long r = connectNow(t, address);
    connecting = r == -Errno.EINPROGRESS;
    if (isTcp() && isNonBlocking() && (r == 0 || r == -Errno.ECONNREFUSED)) {
      // As over a wire: what comes of it shows in SO_ERROR, and poll tells when.
      connecting = true;
      if (r < 0) {
        error = Errno.ECONNREFUSED;
        queue.wake(Poll.IN | Poll.OUT | Poll.ERR | Poll.HUP);
      }
      return -Errno.EINPROGRESS;
    }
    return r;
  }

  /** AF_UNSPEC: an end to the connection. */
  private static boolean isUnspecified(byte[] address) {
    return address.length >= 2 && address[0] == 0 && address[1] == 0;
  }

  private long connectNow(Task t, byte[] address) {
    boolean unix = domain == Sockets.AF_UNIX;
    if (isUnspecified(address)) {
      if (isConnectionOriented() && unix) {
        return -Errno.EINVAL;
      }
      if (!isConnectionOriented()) {
        peer = null;
        forgetAddress();
      }
      return 0;
    }
    if (isConnectionOriented() && !unix && (listening || wasConnected)) {
      return -Errno.EISCONN;
    }
    if (!isConnectionOriented() && sendsByAddress()) {
      return connectByAddress(t, address);
    }
    LocalSocket[] found = new LocalSocket[1];
    long r = find(t, address, found);
    if (r < 0) {
      if (r == -Errno.ECONNREFUSED) {
        showRefused(address);
      }
      return r;
    }
    LocalSocket target = found[0];
    if (isConnectionOriented() && (listening || wasConnected)) {
      return listening ? -Errno.EINVAL : -Errno.EISCONN;
    }
    if (target.type != type) {
      return -Errno.EPROTOTYPE;
    }
    if (!isConnectionOriented()) {
      r = autobind(t);
      peer = target;
      return r;
    }
    if (isTcp() && isNonBlocking() && target.listening && target.backlog.isFull()) {
      r = autobind(t);
      if (r < 0) {
        return r;
      }
      joining = new Joining(t.kernel().timers(), this, target, address);
      target.backlog.add(joining);
      return -Errno.EINPROGRESS;
    }
    long deadline = deadline(options.sendTimeoutNanos);
    while (target.listening && target.backlog.isFull()) {
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      r = await(t, target.queue, deadline);
      if (r < 0) {
        return r;
      }
    }
    if (!target.listening || target.closed) {
      return -Errno.ECONNREFUSED;
    }
    r = autobind(t);
    if (r < 0) {
      return r;
    }
    establish(t, target, address);
    return 0;
  }

  private void establish(Task t, LocalSocket target, byte[] address) {
    LocalSocket server = target.newServerSide(t, this, address);
    connected(server, target.owner);
    server.connected(this, PeerCredentials.of(t));
    server.owner = target.owner;
    showOpened();
    target.backlog.add(server);
    target.queue.wake(Poll.IN | Poll.RDNORM);
    queue.wake(Poll.OUT | Poll.WRNORM);
  }

  /** Lets those in who have waited, as many as there is room for. */
  private void admit(Task t) {
    while (listening && !backlog.isFull()) {
      Joining first = backlog.pollJoining();
      if (first == null) {
        return;
      }
      first.end();
      first.client.joining = null;
      first.client.establish(t, this, first.address);
    }
  }

  final void forget(Joining j) {
    backlog.remove(j);
  }

  /** Waits for a place no longer; SO_ERROR tells why. */
  final void joinFailed(int why) {
    joining = null;
    error = why;
    queue.wake(Poll.IN | Poll.OUT | Poll.ERR | Poll.HUP);
  }

  private void leave() {
    Joining j = joining;
    if (j != null) {
      joining = null;
      j.end();
      j.target.forget(j);
    }
  }

  @Override
  public final long listen(Task t, int wanted) {
    if (!isConnectionOriented()) {
      return -Errno.EOPNOTSUPP;
    }
    if (wasConnected || outside != null || joining != null) {
      return -Errno.EINVAL;
    }
    long r = listenNamed(t);
    if (r == 0 && !listening) {
      r = listenOutside(t);
    }
    if (r < 0) {
      return r;
    }
    listening = true;
    backlog.limit(wanted);
    owner = PeerCredentials.of(t);
    admit(t);
    queue.wake(0);
    return 0;
  }

  /** Listens where others can connect who are not in this sandbox. */
  protected long listenOutside(Task t) {
    return 0;
  }

  /** Makes sure that a listener has a name. */
  protected abstract long listenNamed(Task t);

  @Override
  public final long accept(Task t, SocketFile[] out) {
    if (!isConnectionOriented()) {
      return -Errno.EOPNOTSUPP;
    }
    long deadline = deadline(options.receiveTimeoutNanos);
    for (; ; ) {
      if (!listening) {
        return -Errno.EINVAL;
      }
      LocalSocket next = backlog.poll();
      if (next != null) {
        admit(t);
        queue.wake(0);
        if (next.outside != null) {
          next.outside.taken();
        }
        out[0] = next;
        return 0;
      }
      if (receiveShut) {
        return -Errno.EINVAL;
      }
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = await(t, queue, deadline);
      if (w < 0) {
        return w;
      }
    }
  }

  // ---- data ----

  @Override
  public final long send(Task t, Uio src, SocketMessage m) {
    long r;
    if (!network.launch(m.rights.size())) {
      r = -Errno.ETOOMANYREFS;
      dropRights(t, m);
      return r;
    }
    int flying = m.rights.size();
    r = isStream() ? LocalSends.stream(this, t, src, m) : LocalSends.datagram(this, t, src, m);
    if (!m.rights.isEmpty()) {
      network.landed(flying);
      dropRights(t, m);
    }
    if (r == -Errno.EPIPE && isConnectionOriented() && (m.flags & Sockets.MSG_NOSIGNAL) == 0) {
      t.sendSignal(SignalInfo.kernel(Signals.SIGPIPE));
    }
    return r;
  }

  private static void dropRights(Task t, SocketMessage m) {
    for (File f : m.rights) {
      f.drop(t);
    }
    m.rights = List.of();
  }

  /** What the header of a datagram to {@code address} says. */
  protected @Nullable PacketInfo packetFor(
      LocalSocket receiver, byte @Nullable [] address, SocketMessage m) {
    return null;
  }

  /** Whether datagrams can go to an address at all: 0 or a negative errno. */
  protected long checkDestination(byte[] address) {
    return 0;
  }

  /** The error of a datagram without a destination. */
  protected int noPeer() {
    return -Errno.ENOTCONN;
  }

  protected int maxDatagram() {
    return Integer.MAX_VALUE;
  }

  final void arrive(ReceiveQueue.Message m) {
    received.add(m);
    if (domain != Sockets.AF_UNIX && m.from == null) {
      network.countLoopback(m.data.length);
    }
    queue.wake(Poll.IN | Poll.RDNORM);
  }

  @Override
  public final long receive(Task t, Uio dst, SocketMessage m) {
    return LocalReceives.receive(this, t, dst, m);
  }

  /**
   * A stream whose bytes are there, or that does not wait for them; who gets files besides may have
   * to wait for their end.
   */
  @Override
  public final boolean readsAtOnce(Uio dst) {
    if (outside != null || !isStream()) {
      return false;
    }
    ReceiveQueue.Message first = received.first();
    return first == null
        ? isNonBlocking()
        : first.rights.isEmpty() && dst.peek(true) >= Math.min(dst.remaining(), received.bytes());
  }

  /** A stream whose peer is there and has room for all of it. */
  @Override
  public final boolean writesAtOnce(Uio src) {
    return outside == null
        && isStream()
        && joining == null
        && error == 0
        && !sendShut
        && !reset
        && LocalSends.hasRoom(peer, src);
  }

  final void wakeSender() {
    LocalSocket p = peer;
    if (p != null) {
      p.queue.wake(Poll.OUT | Poll.WRNORM);
    }
  }

  @Override
  protected final void receiveBufferChanged(int bytes) {
    received.limit = bytes;
  }

  // ---- the end ----

  @Override
  public final long shutdown(Task t, int how) {
    if (how < Sockets.SHUT_RD || how > Sockets.SHUT_RDWR) {
      return -Errno.EINVAL;
    }
    OutsideStream o = outside;
    if (o != null) {
      long r = o.shutdown(how);
      queue.wake(0);
      return r;
    }
    if (listening) {
      receiveShut = true;
      listening = domain == Sockets.AF_UNIX;
      queue.wake(Poll.HUP | Poll.IN);
      return 0;
    }
    if (domain == Sockets.AF_UNIX) {
      // A unix socket need not be connected to be shut down.
    } else if (isConnectionOriented() && !wasConnected
        || !isConnectionOriented() && peer == null && defaultAddress() == null) {
      return -Errno.ENOTCONN;
    }
    LocalSocket p = peer;
    if (how != Sockets.SHUT_WR) {
      receiveShut = true;
    }
    if (how != Sockets.SHUT_RD) {
      sendShut = true;
      if (p != null && isConnectionOriented()) {
        p.receiveEnded = true;
        showEnded(false);
      }
    }
    queue.wake(0);
    if (p != null) {
      p.queue.wake(0);
    }
    return 0;
  }

  @Override
  protected final void release(Task t) {
    closed = true;
    network.closed(this);
    unbind();
    OutsideStream o = outside;
    if (o != null) {
      o.close(options.lingers && options.lingerSeconds == 0);
    }
    closeOutside();
    boolean unread =
        !received.isEmpty() || isTcp() && options.lingers && options.lingerSeconds == 0;
    received.clear(t, network);
    leave();
    for (Joining j = backlog.pollJoining(); j != null; j = backlog.pollJoining()) {
      j.end();
      j.client.joinFailed(Errno.ECONNREFUSED);
    }
    for (LocalSocket p = backlog.poll(); p != null; p = backlog.poll()) {
      LocalSocket client = p.peer;
      if (client != null) {
        client.breakOff(Errno.ECONNRESET);
      }
      p.drop(t);
    }
    LocalSocket p = peer;
    if (p != null && isConnectionOriented()) {
      showEnded(unread);
      if (unread) {
        p.breakOff(p.receiveEnded && isTcp() ? Errno.EPIPE : Errno.ECONNRESET);
      }
      p.receiveEnded = true; // it keeps knowing us: getpeername(2) still tells our name
      p.queue.wake(Poll.IN | Poll.OUT | Poll.HUP | Poll.RDHUP);
    }
    peer = null;
    queue.wake(0);
  }

  /** Gives up what it has outside besides a connection. */
  protected void closeOutside() {}

  final void breakOff(int why) {
    error = why;
    reset = isTcp();
    queue.wake(Poll.IN | Poll.OUT | Poll.ERR | Poll.HUP | Poll.RDHUP);
  }

  /** Whether the next byte is urgent data: never. */
  private static final int SIOCATMARK = 0x8905;

  final boolean isTcp() {
    return isStream() && domain != Sockets.AF_UNIX;
  }

  final boolean isClosed() {
    return closed;
  }

  // ---- for /proc/net ----

  /** Bytes that have arrived and were not read; of a listener, connections to accept. */
  final int waiting() {
    return listening ? backlog.size() : received.bytes();
  }

  /** How many connections may wait for accept(2). */
  final int backlog() {
    return backlog.limit();
  }

  final boolean isConnected() {
    OutsideStream o = outside;
    return wasConnected || o != null && o.isEstablished();
  }

  final boolean hasSendEnded() {
    return sendShut;
  }

  final boolean hasReceiveEnded() {
    return receiveEnded;
  }

  @Override
  public final int poll() {
    OutsideStream o = outside;
    if (o != null) {
      return o.poll();
    }
    if (joining != null) {
      return 0;
    }
    int events = error != 0 ? Poll.ERR : 0;
    if (listening) {
      return backlog.size() == 0 ? events : events | Poll.IN | Poll.RDNORM;
    }
    boolean ended = receiveEnded || receiveShut;
    if (!received.isEmpty() || ended || error != 0) {
      events |= Poll.IN | Poll.RDNORM;
    }
    if (ended) {
      events |= Poll.RDHUP;
    }
    if (isConnectionOriented()) {
      LocalSocket p = peer;
      if (p == null || p.closed && !isTcp() || reset || ended && sendShut) {
        events |= Poll.HUP;
      }
      boolean room =
          p == null || p.closed || (isStream() ? p.received.room() > 0 : p.received.hasRoom(4096));
      return room ? events | Poll.OUT | Poll.WRNORM : events;
    }
    LocalSocket p = peer;
    return p == null || dropsWhenFull() || p.received.hasRoom(4096)
        ? events | Poll.OUT | Poll.WRNORM
        : events;
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    OutsideStream o = outside;
    if (o != null && (command == Ioctls.FIONREAD || command == Ioctls.TIOCOUTQ)) {
      return t.mm.writeInt(argument, o.queued(command));
    }
    return switch (command) {
      case Ioctls.FIONREAD -> {
        if (listening) {
          yield -Errno.EINVAL;
        }
        ReceiveQueue.Message first = received.first();
        int n = isStream() ? received.bytes() : first == null ? 0 : first.data.length;
        yield t.mm.writeInt(argument, n);
      }
      case SIOCATMARK ->
          isStream() ? t.mm.writeInt(argument, 0) : InterfaceIoctls.ioctl(t, command, argument);
      case Ioctls.TIOCOUTQ -> t.mm.writeInt(argument, 0);
      default -> InterfaceIoctls.ioctl(t, command, argument);
    };
  }
}

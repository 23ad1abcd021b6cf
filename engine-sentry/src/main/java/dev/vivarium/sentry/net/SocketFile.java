package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;

/** An open socket, of whatever family. Addresses are whole {@code sockaddr}s. */
public abstract class SocketFile extends File {
  public final int domain;
  public final int type;
  public final int protocol;

  /** Woken at every change of state. */
  protected final WaitQueue queue = new WaitQueue();

  final SocketOptions options = new SocketOptions();

  /** A pending error, told once (SO_ERROR). */
  protected int error;

  protected SocketFile(Inode inode, int flags, int domain, int type, int protocol) {
    super(inode, null, flags);
    this.domain = domain;
    this.type = type;
    this.protocol = protocol;
  }

  public abstract long bind(Task t, byte[] address);

  public abstract long connect(Task t, byte[] address);

  public abstract long listen(Task t, int backlog);

  /** Takes a connection: 0 and {@code out[0]}, with a reference, or a negative errno. */
  public abstract long accept(Task t, SocketFile[] out);

  public abstract byte[] localName();

  /** Null if it has no peer. */
  public abstract byte @org.jspecify.annotations.Nullable [] peerName();

  /** Sends; the message's files are taken over, whatever the result. */
  public abstract long send(Task t, Uio src, SocketMessage m);

  public abstract long receive(Task t, Uio dst, SocketMessage m);

  public abstract long shutdown(Task t, int how);

  /** Who is connected to it (SO_PEERCRED). */
  public PeerCredentials peerCredentials() {
    return PeerCredentials.NOBODY;
  }

  /** SO_RCVBUF was set. */
  protected void receiveBufferChanged(int bytes) {}

  /** An option was set that is kept. */
  protected void optionChanged(int level, int option, int value) {}

  /** SO_PASSCRED: every message received tells who sent it. */
  public final boolean passesCredentials() {
    return options.passCredentials;
  }

  public boolean isListening() {
    return false;
  }

  /** Takes the pending error. */
  public int takeError() {
    int e = error;
    error = 0;
    return e;
  }

  protected final boolean dontWait(SocketMessage m) {
    return isNonBlocking() || (m.flags & Sockets.MSG_DONTWAIT) != 0;
  }

  /** Waits for a change, at most as long as SO_RCVTIMEO or SO_SNDTIMEO say. */
  protected final long await(Task t, WaitQueue on, long deadline) {
    long w = t.waitOn(on, deadline);
    if (w == -Errno.ERESTARTSYS && deadline != Task.NO_DEADLINE) {
      return -Errno.EINTR; // made again, it would wait for longer than was said
    }
    return w == -Errno.ETIMEDOUT ? -Errno.EAGAIN : w;
  }

  protected static long deadline(long timeoutNanos) {
    return timeoutNanos == 0 ? Task.NO_DEADLINE : System.nanoTime() + timeoutNanos;
  }

  @Override
  public boolean canSplice() {
    return true;
  }

  @Override
  public boolean hasAsync() {
    return true;
  }

  @Override
  public final long read(Task t, Uio dst, long offset) {
    if (dst.remaining() == 0) {
      return 0;
    }
    SocketMessage m = new SocketMessage();
    long r = receive(t, dst, m);
    for (File f : m.rights) {
      f.drop(t); // nobody can take them here
    }
    return r;
  }

  @Override
  public final long write(Task t, Uio src, long offset) {
    return send(t, src, new SocketMessage());
  }

  @Override
  public final WaitQueue pollQueue() {
    return queue;
  }
}

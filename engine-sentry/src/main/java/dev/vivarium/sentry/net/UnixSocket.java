package dev.vivarium.sentry.net;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.NameOps;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.Permissions;
import dev.vivarium.sentry.vfs.WalkResult;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A Unix socket (unix(7)): its name is a file, or an abstract name of the sandbox. */
public final class UnixSocket extends LocalSocket {
  private static final int FAMILY = 2;
  private static final int MAX_ADDRESS = FAMILY + 108;

  // SS_UNCONNECTED, SS_CONNECTED and SO_ACCEPTCON, as /proc/net/unix shows them.
  private static final int UNCONNECTED = 1;
  private static final int CONNECTED = 3;
  private static final int ACCEPTS = 0x10000;

  private static final byte[] UNNAMED = {Sockets.AF_UNIX, 0};

  private byte[] name = UNNAMED;
  private @Nullable String abstractName;
  private @Nullable Inode boundInode;

  private UnixSocket(Network network, Inode inode, int flags, int type) {
    super(network, inode, flags, Sockets.AF_UNIX, type, 0);
  }

  /** A new socket, known to its network. */
  public static UnixSocket open(Network network, Inode inode, int flags, int type) {
    UnixSocket s = new UnixSocket(network, inode, flags, type);
    network.opened(s);
    return s;
  }

  /** socketpair(2). */
  public static void pair(Task t, UnixSocket a, UnixSocket b) {
    join(t, a, b);
  }

  @Override
  public byte[] localName() {
    return name.clone();
  }

  @Override
  protected byte @Nullable [] nameFor(LocalSocket receiver) {
    return name == UNNAMED ? null : name;
  }

  @Override
  public byte @Nullable [] peerName() {
    return peer() instanceof UnixSocket p ? p.localName() : null;
  }

  private static @Nullable String abstractOf(byte[] address) {
    return address.length > FAMILY && address[FAMILY] == 0
        ? new String(address, FAMILY + 1, address.length - FAMILY - 1, StandardCharsets.ISO_8859_1)
        : null;
  }

  private static String pathOf(byte[] address) {
    int end = FAMILY;
    while (end < address.length && address[end] != 0) {
      end++;
    }
    return new String(address, FAMILY, end - FAMILY, StandardCharsets.ISO_8859_1);
  }

  private static long check(byte[] address) {
    if (address.length < FAMILY || address.length > MAX_ADDRESS) {
      return -Errno.EINVAL;
    }
    return address[0] == Sockets.AF_UNIX && address[1] == 0 ? 0 : -Errno.EINVAL;
  }

  @Override
  public long bind(Task t, byte[] address) {
    long r = check(address);
    if (r < 0) {
      return r;
    }
    if (address.length == FAMILY || address[FAMILY] == 0) {
      if (name != UNNAMED) {
        return address.length == FAMILY ? 0 : -Errno.EINVAL;
      }
    }
    if (address.length == FAMILY) {
      return bindAbstract(network.autobindName());
    }
    String wanted = abstractOf(address);
    if (wanted != null) {
      return bindAbstract(wanted);
    }
    String path = pathOf(address);
    int mode = Stat.S_IFSOCK | inode.mode & 0777 & ~t.fs.umask;
    r = NameOps.mknod(t, Fcntl.AT_FDCWD, path, mode, 0);
    if (r < 0) {
      return r == -Errno.EEXIST ? -Errno.EADDRINUSE : r;
    }
    WalkResult at = new WalkResult();
    r = PathWalker.walk(t, Fcntl.AT_FDCWD, path, 0, at);
    if (r < 0) {
      return r;
    }
    if (name != UNNAMED) {
      NameOps.unlink(t, Fcntl.AT_FDCWD, path);
      return -Errno.EINVAL;
    }
    boundInode = at.path().inode();
    boundInode.special = this;
    byte[] raw = path.getBytes(StandardCharsets.ISO_8859_1);
    name = new byte[FAMILY + raw.length + 1];
    name[0] = Sockets.AF_UNIX;
    System.arraycopy(raw, 0, name, FAMILY, raw.length);
    return 0;
  }

  private long bindAbstract(String wanted) {
    long r = network.bindAbstract(wanted, this);
    if (r < 0) {
      return r;
    }
    abstractName = wanted;
    byte[] raw = wanted.getBytes(StandardCharsets.ISO_8859_1);
    name = new byte[FAMILY + 1 + raw.length];
    name[0] = Sockets.AF_UNIX;
    System.arraycopy(raw, 0, name, FAMILY + 1, raw.length);
    return 0;
  }

  @Override
  protected void unbind() {
    if (abstractName != null) {
      network.unbindAbstract(abstractName, this);
    }
    if (boundInode != null && boundInode.special == this) {
      boundInode.special = null;
    }
  }

  @Override
  protected long find(Task t, byte[] address, LocalSocket[] out) {
    long r = check(address);
    if (r < 0) {
      return r;
    }
    if (address.length == FAMILY) {
      return -Errno.EINVAL;
    }
    String wanted = abstractOf(address);
    UnixSocket found;
    if (wanted != null) {
      found = network.abstractSocket(wanted);
    } else {
      WalkResult at = new WalkResult();
      r = PathWalker.walk(t, Fcntl.AT_FDCWD, pathOf(address), PathWalker.FOLLOW, at);
      if (r < 0) {
        return r;
      }
      Inode target = at.path().inode();
      r = Permissions.check(t, target, Permissions.WRITE);
      if (r < 0) {
        return r;
      }
      found = target.special instanceof UnixSocket s ? s : null;
    }
    if (found == null || found.isClosed()) {
      return -Errno.ECONNREFUSED;
    }
    out[0] = found;
    return 0;
  }

  @Override
  protected LocalSocket newServerSide(Task t, LocalSocket client, byte[] address) {
    Inode made = t.kernel().anonFileSystems().sockets().newInode(t, inode.mode, "socket:[%d]");
    UnixSocket server = open(network, made, Fcntl.O_RDWR, type);
    server.name = name;
    server.options.passCredentials = options.passCredentials;
    return server;
  }

  @Override
  protected long autobind(Task t) {
    return name == UNNAMED && options.passCredentials ? bindAbstract(network.autobindName()) : 0;
  }

  @Override
  protected long listenNamed(Task t) {
    return name == UNNAMED ? -Errno.EINVAL : 0;
  }

  @Override
  protected boolean dropsWhenFull() {
    return false;
  }

  /** TCP_* of net/tcp_states.h, by which sock_diag(7) tells how a Unix socket stands. */
  int diagnosticState() {
    if (isListening()) {
      return InetSocket.TCP_LISTEN;
    }
    return isConnectionOriented() && isConnected()
        ? InetSocket.TCP_ESTABLISHED
        : InetSocket.TCP_CLOSE;
  }

  /** One line of /proc/net/unix. */
  public String describe() {
    int state = isConnectionOriented() && isConnected() ? CONNECTED : UNCONNECTED;
    String line =
        String.format(
            "%016x: %08X %08X %08X %04X %02X %5d",
            0, state == CONNECTED ? 3 : 2, 0, isListening() ? ACCEPTS : 0, type, state, inode.ino);
    return name == UNNAMED ? line + '\n' : line + ' ' + shownName() + '\n';
  }

  /** A path without its last zero; an abstract name with @ for each zero. */
  private String shownName() {
    boolean isAbstract = name.length > FAMILY && name[FAMILY] == 0;
    int length = name.length - FAMILY - (isAbstract ? 0 : 1);
    return new String(name, FAMILY, length, StandardCharsets.ISO_8859_1).replace('\0', '@');
  }
}

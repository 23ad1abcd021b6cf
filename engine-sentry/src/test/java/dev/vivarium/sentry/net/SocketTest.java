package dev.vivarium.sentry.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Sockets;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsWorld;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SocketTest {
  private final VfsWorld world = VfsWorld.onTmpfs();
  private final Task t = world.t;

  private Inode inode() {
    return world.kernel.anonFileSystems().sockets().newInode(t, Stat.S_IFSOCK | 0777, "socket");
  }

  private UnixSocket unix(int type) {
    return UnixSocket.open(world.kernel.network(), inode(), Fcntl.O_RDWR | Fcntl.O_NONBLOCK, type);
  }

  private InetSocket inet(int domain, int type) {
    return InetSocket.open(
        world.kernel.network(), inode(), Fcntl.O_RDWR | Fcntl.O_NONBLOCK, domain, type, 0);
  }

  private UnixSocket[] pair(int type) {
    UnixSocket[] p = {unix(type), unix(type)};
    UnixSocket.pair(t, p[0], p[1]);
    return p;
  }

  private long send(SocketFile s, String data) {
    byte[] b = data.getBytes(StandardCharsets.ISO_8859_1);
    SocketMessage m = new SocketMessage();
    m.flags = Sockets.MSG_NOSIGNAL;
    return s.send(t, Uio.of(b, 0, b.length), m);
  }

  private String receive(SocketFile s, int max) {
    return receive(s, max, new SocketMessage());
  }

  private String receive(SocketFile s, int max, SocketMessage m) {
    byte[] b = new byte[max];
    long n = s.receive(t, Uio.of(b, 0, max), m);
    return n < 0
        ? Errno.name((int) -n)
        : new String(b, 0, (int) Math.min(n, max), StandardCharsets.ISO_8859_1);
  }

  private static byte[] path(String name) {
    byte[] raw = name.getBytes(StandardCharsets.ISO_8859_1);
    byte[] a = new byte[2 + raw.length];
    a[0] = Sockets.AF_UNIX;
    System.arraycopy(raw, 0, a, 2, raw.length);
    return a;
  }

  private static byte[] ipv4(int address, int port) {
    byte[] a = new byte[16];
    a[0] = Sockets.AF_INET;
    a[2] = (byte) (port >> 8);
    a[3] = (byte) port;
    for (int i = 0; i < 4; i++) {
      a[4 + i] = (byte) (address >> 24 - 8 * i);
    }
    return a;
  }

  private SocketFile accept(SocketFile listener) {
    SocketFile[] out = new SocketFile[1];
    assertEquals(0, listener.accept(t, out));
    out[0].flags |= Fcntl.O_NONBLOCK;
    return out[0];
  }

  @Test
  void aStreamJoinsWhatWasSentAndADatagramDoesNot() {
    UnixSocket[] stream = pair(Sockets.SOCK_STREAM);
    send(stream[0], "one");
    send(stream[0], "two");
    assertEquals("onetwo", receive(stream[1], 100));
    UnixSocket[] packets = pair(Sockets.SOCK_SEQPACKET);
    send(packets[0], "one");
    send(packets[0], "two");
    SocketMessage m = new SocketMessage();
    assertEquals("on", receive(packets[1], 2, m));
    assertEquals(Sockets.MSG_TRUNC, m.resultFlags);
    assertEquals("two", receive(packets[1], 100));
  }

  @Test
  void whatAStreamNeedNotWaitForIsKnownBefore() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    Uio some = Uio.of(new byte[8], 0, 8);
    assertTrue(p[1].readsAtOnce(some), "it does not wait for bytes");
    p[1].flags &= ~Fcntl.O_NONBLOCK;
    assertFalse(p[1].readsAtOnce(some), "it would wait");
    send(p[0], "x");
    assertTrue(p[1].readsAtOnce(some));
    int room = p[1].received.room();
    assertTrue(p[0].writesAtOnce(Uio.of(new byte[64 << 10], 0, 64 << 10)));
    assertFalse(p[0].writesAtOnce(Uio.of(new byte[room], 0, room)), "goes in several pieces");
    while (p[1].received.room() > 100) {
      int length = Math.min(p[1].received.room() - 100, 32 << 10);
      assertEquals(length, p[0].send(t, Uio.of(new byte[length], 0, length), new SocketMessage()));
    }
    assertFalse(p[0].writesAtOnce(Uio.of(new byte[200], 0, 200)), "no room");
    p[1].drop(t);
    assertFalse(p[0].writesAtOnce(some), "ends in a signal");

    UnixSocket[] packets = pair(Sockets.SOCK_SEQPACKET);
    send(packets[0], "x");
    assertFalse(packets[1].readsAtOnce(some), "only streams");
    assertFalse(packets[0].writesAtOnce(some), "only streams");
  }

  @Test
  void whoGetsFilesMayHaveToWait() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    SocketMessage m = new SocketMessage();
    UnixSocket given = unix(Sockets.SOCK_STREAM);
    given.acquire();
    m.rights = List.of(given);
    assertEquals(1, p[0].send(t, Uio.of(new byte[1], 0, 1), m));
    assertFalse(p[1].readsAtOnce(Uio.of(new byte[8], 0, 8)));
  }

  @Test
  void theEndShowsAfterWhatWasSent() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    send(p[0], "last");
    p[0].drop(t);
    assertTrue((p[1].poll() & Poll.HUP) != 0);
    assertEquals("last", receive(p[1], 100));
    assertEquals("", receive(p[1], 100));
    assertEquals(-Errno.EPIPE, send(p[1], "x"));
  }

  @Test
  void closingWithUnreadDataResetsThePeer() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    send(p[0], "unread");
    p[1].drop(t);
    assertEquals("ECONNRESET", receive(p[0], 10));
    assertEquals("", receive(p[0], 10));
  }

  @Test
  void shutdownEndsOneDirection() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    assertEquals(0, p[0].shutdown(t, Sockets.SHUT_WR));
    assertEquals(-Errno.EPIPE, send(p[0], "x"));
    assertEquals("", receive(p[1], 10));
    assertEquals(2, send(p[1], "ok"));
    assertEquals("ok", receive(p[0], 10));
  }

  @Test
  void peekingLeavesTheData() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    send(p[0], "abc");
    SocketMessage m = new SocketMessage();
    m.flags = Sockets.MSG_PEEK;
    assertEquals("ab", receive(p[1], 2, m));
    assertEquals("abc", receive(p[1], 10));
    assertEquals("EAGAIN", receive(p[1], 10));
  }

  @Test
  void aFullReceiverBlocksItsSenderAndReadingFreesIt() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    long sent = 0;
    for (long n = 0; n >= 0; n = send(p[0], "x".repeat(10_000))) {
      sent += n;
    }
    assertTrue(sent > 100_000 && sent < 1_000_000);
    assertEquals(0, p[0].poll() & Poll.OUT);
    long got = 0;
    for (String s = receive(p[1], 65_536); !s.equals("EAGAIN"); s = receive(p[1], 65_536)) {
      got += s.length();
    }
    assertEquals(sent, got);
    assertEquals(Poll.OUT, p[0].poll() & Poll.OUT);
  }

  @Test
  void filesTravelWithTheirReference() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    UnixSocket[] sent = pair(Sockets.SOCK_STREAM);
    SocketMessage out = new SocketMessage();
    out.rights = List.of(sent[0].acquire());
    assertEquals(1, p[0].send(t, Uio.of(new byte[] {'f'}, 0, 1), out));
    sent[0].drop(t);
    SocketMessage in = new SocketMessage();
    assertEquals("f", receive(p[1], 10, in));
    File got = in.rights.getFirst();
    assertEquals(2, send((SocketFile) got, "hi"));
    assertEquals("hi", receive(sent[1], 10));
    got.drop(t);
    assertEquals("", receive(sent[1], 10));
  }

  @Test
  void filesThatNobodyReceivedAreClosedWithTheSocket() {
    UnixSocket[] p = pair(Sockets.SOCK_STREAM);
    UnixSocket[] sent = pair(Sockets.SOCK_STREAM);
    SocketMessage out = new SocketMessage();
    out.rights = List.of(sent[0]);
    p[0].send(t, Uio.of(new byte[] {'f'}, 0, 1), out);
    p[1].drop(t);
    assertEquals("", receive(sent[1], 10));
  }

  @Test
  void aSocketFileIsANameUntilItsSocketIsClosed() {
    UnixSocket server = unix(Sockets.SOCK_STREAM);
    assertEquals(0, server.bind(t, path("/s")));
    assertEquals(-Errno.ECONNREFUSED, unix(Sockets.SOCK_STREAM).connect(t, path("/s")));
    assertEquals(0, server.listen(t, 5));
    assertEquals(-Errno.EPROTOTYPE, unix(Sockets.SOCK_DGRAM).connect(t, path("/s")));
    UnixSocket client = unix(Sockets.SOCK_STREAM);
    assertEquals(0, client.connect(t, path("/s")));
    SocketFile accepted = accept(server);
    send(client, "q");
    assertEquals("q", receive(accepted, 10));
    assertEquals(-Errno.EADDRINUSE, unix(Sockets.SOCK_STREAM).bind(t, path("/s")));
    server.drop(t);
    assertEquals(-Errno.ECONNREFUSED, unix(Sockets.SOCK_STREAM).connect(t, path("/s")));
    assertEquals(-Errno.ENOENT, unix(Sockets.SOCK_STREAM).connect(t, path("/none")));
  }

  @Test
  void anAbstractNameGoesWithItsSocket() {
    UnixSocket server = unix(Sockets.SOCK_DGRAM);
    assertEquals(0, server.bind(t, path("\0name")));
    assertEquals(-Errno.EADDRINUSE, unix(Sockets.SOCK_DGRAM).bind(t, path("\0name")));
    server.drop(t);
    assertEquals(0, unix(Sockets.SOCK_DGRAM).bind(t, path("\0name")));
  }

  @Test
  void aListenerTakesNoMoreThanItsBacklog() {
    UnixSocket server = unix(Sockets.SOCK_STREAM);
    server.bind(t, path("/s"));
    server.listen(t, 1);
    assertEquals(0, unix(Sockets.SOCK_STREAM).connect(t, path("/s")));
    assertEquals(0, unix(Sockets.SOCK_STREAM).connect(t, path("/s")));
    assertEquals(-Errno.EAGAIN, unix(Sockets.SOCK_STREAM).connect(t, path("/s")));
  }

  @Test
  void aTcpConnectionKnowsBothEnds() {
    InetSocket server = inet(Sockets.AF_INET, Sockets.SOCK_STREAM);
    assertEquals(0, server.bind(t, ipv4(0, 8080)));
    server.listen(t, 5);
    InetSocket client = inet(Sockets.AF_INET, Sockets.SOCK_STREAM);
    assertNull(client.peerName());
    assertEquals(-Errno.EINPROGRESS, client.connect(t, ipv4(InetSocket.LOOPBACK, 8080)));
    assertEquals(0, client.connect(t, ipv4(InetSocket.LOOPBACK, 8080)));
    assertEquals(-Errno.EISCONN, client.connect(t, ipv4(InetSocket.LOOPBACK, 8080)));
    SocketFile accepted = accept(server);
    assertArrayEquals(ipv4(InetSocket.LOOPBACK, 8080), client.peerName());
    assertArrayEquals(client.localName(), accepted.peerName());
    assertArrayEquals(ipv4(InetSocket.LOOPBACK, 8080), accepted.localName());
  }

  @Test
  void thereIsNoWayOutOfTheSandbox() {
    InetSocket s = inet(Sockets.AF_INET, Sockets.SOCK_STREAM);
    assertEquals(-Errno.ENETUNREACH, s.connect(t, ipv4(0x08080808, 53)));
    assertEquals(-Errno.EADDRNOTAVAIL, s.bind(t, ipv4(0x08080808, 53)));
    assertEquals(-Errno.EINPROGRESS, s.connect(t, ipv4(InetSocket.LOOPBACK, 1)));
    assertEquals(-Errno.ECONNREFUSED, s.connect(t, ipv4(InetSocket.LOOPBACK, 1)));
  }

  @Test
  void aPortIsFreeAgainWhenItsSocketIsClosed() {
    InetSocket first = inet(Sockets.AF_INET, Sockets.SOCK_STREAM);
    assertEquals(0, first.bind(t, ipv4(0, 9000)));
    InetSocket second = inet(Sockets.AF_INET, Sockets.SOCK_STREAM);
    assertEquals(-Errno.EADDRINUSE, second.bind(t, ipv4(InetSocket.LOOPBACK, 9000)));
    first.drop(t);
    assertEquals(0, second.bind(t, ipv4(InetSocket.LOOPBACK, 9000)));
  }

  @Test
  void aDatagramToNobodyIsAnErrorOnlyForTheConnected() {
    InetSocket s = inet(Sockets.AF_INET, Sockets.SOCK_DGRAM);
    assertEquals(-Errno.EDESTADDRREQ, send(s, "x"));
    assertEquals(0, s.connect(t, ipv4(InetSocket.LOOPBACK, 9)));
    assertEquals(1, send(s, "x"));
    assertEquals("ECONNREFUSED", receive(s, 10));
    assertEquals("EAGAIN", receive(s, 10));
  }

  @Test
  void aConnectedDatagramSocketHearsItsPeerOnly() {
    InetSocket a = inet(Sockets.AF_INET, Sockets.SOCK_DGRAM);
    a.bind(t, ipv4(InetSocket.LOOPBACK, 7001));
    InetSocket b = inet(Sockets.AF_INET, Sockets.SOCK_DGRAM);
    b.bind(t, ipv4(InetSocket.LOOPBACK, 7002));
    a.connect(t, b.localName());
    InetSocket stranger = inet(Sockets.AF_INET, Sockets.SOCK_DGRAM);
    SocketMessage m = new SocketMessage();
    m.address = a.localName();
    stranger.send(t, Uio.of(new byte[] {'s'}, 0, 1), m);
    b.connect(t, a.localName());
    send(b, "b");
    assertEquals("b", receive(a, 10));
    assertEquals("EAGAIN", receive(a, 10));
  }
}

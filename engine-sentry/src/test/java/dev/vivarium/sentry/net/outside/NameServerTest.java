package dev.vivarium.sentry.net.outside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.profiles.network.IpAddress;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.host.Libc;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The guest's name server, between a guest and a server that both mean ill. */
final class NameServerTest {
  private static final IpAddress GATEWAY = IpAddress.parse("10.86.0.1").orElseThrow();
  private static final int A = 1;
  private static final int CNAME = 5;
  private static final int TXT = 16;
  private static final int AAAA = 28;
  private static final int HTTPS = 65;
  private static final int NXDOMAIN = 3;

  private DatagramSocket server;
  private Thread serving;
  private final List<byte[]> asked = new ArrayList<>();

  /** What the server says to a query; null: nothing. */
  private volatile Function<byte[], byte[]> answers = q -> null;

  @BeforeEach
  void startServer() throws Exception {
    server = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    serving = new Thread(this::serve);
    serving.setDaemon(true);
    serving.start();
  }

  @AfterEach
  void stopServer() throws Exception {
    server.close();
    serving.join();
  }

  private void serve() {
    byte[] buffer = new byte[4096];
    try {
      for (; ; ) {
        DatagramPacket p = new DatagramPacket(buffer, buffer.length);
        server.receive(p);
        byte[] query = java.util.Arrays.copyOf(buffer, p.getLength());
        synchronized (asked) {
          asked.add(query);
        }
        lastAsker = p.getSocketAddress();
        byte[] answer = answers.apply(query);
        if (answer != null) {
          server.send(new DatagramPacket(answer, answer.length, p.getSocketAddress()));
        }
      }
    } catch (java.io.IOException e) {
      // closed: the test is over
    }
  }

  private NetgoferChannel start(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of(words));
    all.add("dns,127.0.0.1," + server.getLocalPort());
    return NetgoferChannel.start(all);
  }

  /** A record of an answer. */
  private record Rr(String name, int type, int ttl, byte[] data) {}

  private static Rr a(String name, String address) {
    IpAddress ip = IpAddress.parse(address).orElseThrow();
    boolean v4 = address.indexOf(':') < 0;
    byte[] b = ip.bytes();
    return new Rr(name, v4 ? A : AAAA, 300, v4 ? java.util.Arrays.copyOfRange(b, 12, 16) : b);
  }

  private static Rr cname(String name, String to) {
    return new Rr(name, CNAME, 300, name(to));
  }

  private static byte[] name(String text) {
    ByteArrayOutputStream b = new ByteArrayOutputStream();
    for (String label : text.split("\\.")) {
      b.write(label.length());
      b.writeBytes(label.getBytes(StandardCharsets.ISO_8859_1));
    }
    b.write(0);
    return b.toByteArray();
  }

  private static void u16(ByteArrayOutputStream b, int value) {
    b.write(value >> 8);
    b.write(value);
  }

  private static byte[] query(int id, String host, int type) {
    ByteArrayOutputStream b = new ByteArrayOutputStream();
    u16(b, id);
    u16(b, 0x0100);
    u16(b, 1);
    u16(b, 0);
    u16(b, 0);
    u16(b, 0);
    b.writeBytes(name(host));
    u16(b, type);
    u16(b, 1);
    return b.toByteArray();
  }

  private static int questionEnd(byte[] m) {
    int at = 12;
    while (m[at] != 0) {
      at += 1 + m[at];
    }
    return at + 5;
  }

  private static byte[] answer(byte[] query, int rcode, Rr... records) {
    ByteArrayOutputStream b = new ByteArrayOutputStream();
    b.write(query, 0, 2);
    u16(b, 0x8180 | rcode);
    u16(b, 1);
    u16(b, records.length);
    u16(b, 0);
    u16(b, 0);
    b.write(query, 12, questionEnd(query) - 12);
    for (Rr r : records) {
      b.writeBytes(name(r.name));
      u16(b, r.type);
      u16(b, 1);
      u16(b, r.ttl >>> 16);
      u16(b, r.ttl);
      u16(b, r.data.length);
      b.writeBytes(r.data);
    }
    return b.toByteArray();
  }

  private static int open(NetgoferChannel c, boolean stream) {
    NetMessage m = NetgoferTest.ask(c, NetWire.OPEN, stream, GATEWAY, 53);
    assertEquals(0, m.error());
    return m.fd();
  }

  private static void send(int fd, byte[] data) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(data.length + 1L);
      MemorySegment.copy(data, 0, s, ValueLayout.JAVA_BYTE, 0, data.length);
      Libc.write(fd, s.address(), data.length);
    }
  }

  private static byte[] receive(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment s = arena.allocate(8192);
      MemorySegment poll = arena.allocate(8, 4);
      poll.set(ValueLayout.JAVA_INT, 0, fd);
      poll.set(ValueLayout.JAVA_INT, 4, 1);
      Libc.syscall(dev.vivarium.sentry.abi.Sys.POLL, poll.address(), 1, 20_000, 0, 0, 0);
      long n = Libc.read(fd, s.address(), 8192);
      assertTrue(n >= 0, "no answer: " + Errno.name((int) -n));
      return s.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static byte[] ask(NetgoferChannel c, String host, int type) {
    int fd = open(c, false);
    send(fd, query(0x1234, host, type));
    byte[] r = receive(fd);
    Libc.close(fd);
    assertEquals(0x12, r[0]);
    assertEquals(0x34, r[1]);
    return r;
  }

  private static int rcode(byte[] m) {
    return m[3] & 15;
  }

  /** The addresses of an answer, each at the name of the question. */
  private static List<String> addresses(byte[] m) {
    List<String> found = new ArrayList<>();
    int at = questionEnd(m);
    for (int i = 0; i < ((m[6] & 0xff) << 8 | m[7] & 0xff); i++) {
      int length = (m[at + 10] & 0xff) << 8 | m[at + 11] & 0xff;
      found.add(
          IpAddress.of(java.util.Arrays.copyOfRange(m, at + 12, at + 12 + length)).toString());
      at += 12 + length;
    }
    return found;
  }

  private static int decide(NetgoferChannel c, String address, int port) {
    IpAddress ip = IpAddress.parse(address).orElseThrow();
    return NetgoferTest.ask(c, NetWire.ASK, true, ip, port).error();
  }

  @Test
  void anAllowedNameIsResolvedAndItsAddressesMayBeReached() throws Exception {
    answers = q -> answer(q, 0, a("example.org", "93.184.216.34"), a("example.org", "1.2.3.4"));
    try (NetgoferChannel c = start("allow", "n,example.org,443,443,3")) {
      assertEquals(Errno.EACCES, decide(c, "93.184.216.34", 443));
      assertEquals(List.of("93.184.216.34", "1.2.3.4"), addresses(ask(c, "eXample.ORG", A)));
      assertEquals(0, decide(c, "93.184.216.34", 443));
      assertEquals(0, decide(c, "::ffff:1.2.3.4", 443));
      assertEquals(Errno.EACCES, decide(c, "93.184.216.34", 80));
      assertEquals(Errno.EACCES, decide(c, "93.184.216.35", 443));
    }
  }

  @Test
  void otherNamesDoNotExistAndNobodyIsAsked() throws Exception {
    answers = q -> answer(q, 0, a("evil.org", "6.6.6.6"));
    try (NetgoferChannel c = start("allow", "n,example.org,443,443,3", "n,*.example.com,1,9,3")) {
      for (String name :
          List.of(
              "evil.org",
              "a.example.org",
              "example.com",
              "example.org.evil.org",
              "xexample.com",
              "secret-data.evil.org",
              "1.0.0.10.in-addr.arpa")) {
        for (int type : new int[] {A, AAAA, TXT, HTTPS}) {
          byte[] r = ask(c, name, type);
          assertEquals(NXDOMAIN, rcode(r), name);
          assertEquals(List.of(), addresses(r), name);
        }
      }
      assertEquals(Errno.EACCES, decide(c, "6.6.6.6", 443));
    }
    assertEquals(0, asked.size(), "nothing leaves, not even as a question");
  }

  @Test
  void answersIntoSetAsideRangesAreWithheld() throws Exception {
    try (NetgoferChannel c = start("full", "n,*.example.org,1,65535,3")) {
      for (String bad :
          List.of(
              "10.0.0.1",
              "127.0.0.1",
              "169.254.169.254",
              "192.168.1.1",
              "172.16.0.1",
              "0.0.0.0",
              "100.64.0.1",
              "224.0.0.1",
              "::1",
              "fd00::1",
              "fe80::1",
              "::",
              "64:ff9b::127.0.0.1",
              "2002:7f00:1::1",
              "fd00:ec2::254")) {
        boolean v4 = bad.indexOf(':') < 0;
        answers = q -> answer(q, 0, a("x.example.org", bad));
        byte[] r = ask(c, "x.example.org", v4 ? A : AAAA);
        assertEquals(List.of(), addresses(r), bad);
        assertEquals(NXDOMAIN, rcode(r), bad);
        assertEquals(Errno.EACCES, decide(c, bad, 80), bad);
        answers =
            q ->
                answer(
                    q,
                    0,
                    a("x.example.org", bad),
                    a("x.example.org", v4 ? "5.6.7.8" : "2606:4700::1"));
        r = ask(c, "x.example.org", v4 ? A : AAAA);
        assertEquals(List.of(v4 ? "5.6.7.8" : "2606:4700::1"), addresses(r), bad);
      }
      Rr mapped =
          new Rr("x.example.org", AAAA, 60, IpAddress.parse("8.8.8.8").orElseThrow().bytes());
      answers = q -> answer(q, 0, mapped);
      assertEquals(List.of(), addresses(ask(c, "x.example.org", AAAA)), "a mapped address");
    }
  }

  @Test
  void aliasesAreFollowedAndStrangersIgnored() throws Exception {
    try (NetgoferChannel c = start("allow", "n,www.example.org,443,443,3")) {
      answers =
          q ->
              answer(
                  q,
                  0,
                  a("edge.cdn.net", "5.5.5.5"),
                  cname("www.example.org", "cdn.net"),
                  cname("cdn.net", "edge.cdn.net"),
                  a("other.net", "6.6.6.6"),
                  a("www.example.org", "7.7.7.7"));
      assertEquals(List.of("5.5.5.5"), addresses(ask(c, "www.example.org", A)));
      assertEquals(0, decide(c, "5.5.5.5", 443));
      assertEquals(Errno.EACCES, decide(c, "6.6.6.6", 443));
      assertEquals(Errno.EACCES, decide(c, "7.7.7.7", 443));
      answers =
          q -> answer(q, 0, cname("www.example.org", "b.org"), cname("b.org", "www.example.org"));
      assertEquals(List.of(), addresses(ask(c, "www.example.org", A)), "a circle");
    }
  }

  @Test
  void answersThatWereNotAskedForAreIgnored() throws Exception {
    try (NetgoferChannel c = start("allow", "n,example.org,443,443,3")) {
      answers =
          q -> {
            byte[] wrongId = answer(q, 0, a("example.org", "6.6.6.6"));
            wrongId[0] ^= 1;
            byte[] otherName = answer(query(0, "evil.org", A), 0, a("evil.org", "6.6.6.6"));
            otherName[0] = q[0];
            otherName[1] = q[1];
            byte[] noResponse = answer(q, 0, a("example.org", "6.6.6.6"));
            noResponse[2] &= 0x7f;
            try {
              for (byte[] bad : List.of(wrongId, otherName, noResponse, new byte[0], new byte[5])) {
                server.send(new DatagramPacket(bad, bad.length, lastAsker));
              }
            } catch (java.io.IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
            return answer(q, 0, a("example.org", "5.5.5.5"));
          };
      assertEquals(List.of("5.5.5.5"), addresses(ask(c, "example.org", A)));
      assertEquals(Errno.EACCES, decide(c, "6.6.6.6", 443));
    }
  }

  private volatile java.net.SocketAddress lastAsker;

  @Test
  void theStreamIsServedTooAndSeveralQueriesAtOnce() throws Exception {
    answers = q -> answer(q, 0, a("example.org", "5.5.5.5"));
    try (NetgoferChannel c = start("allow", "n,example.org,443,443,3")) {
      int fd = open(c, true);
      ByteArrayOutputStream b = new ByteArrayOutputStream();
      for (int i = 0; i < 3; i++) {
        byte[] q = query(i, i == 1 ? "evil.org" : "example.org", A);
        u16(b, q.length);
        b.writeBytes(q);
      }
      byte[] all = b.toByteArray();
      for (byte each : all) {
        send(fd, new byte[] {each});
      }
      ByteArrayOutputStream got = new ByteArrayOutputStream();
      List<Integer> ids = new ArrayList<>();
      while (ids.size() < 3) {
        got.writeBytes(receive(fd));
        byte[] g = got.toByteArray();
        int at = 0;
        ids.clear();
        while (at + 2 <= g.length
            && at + 2 + (g[at] & 0xff) * 256 + (g[at + 1] & 0xff) <= g.length) {
          ids.add((int) g[at + 3]);
          at += 2 + (g[at] & 0xff) * 256 + (g[at + 1] & 0xff);
        }
      }
      assertEquals(java.util.Set.of(0, 1, 2), new java.util.HashSet<>(ids));
      Libc.close(fd);
    }
  }

  @Test
  void theGuestsOwnNamesNeedNoServer() throws Exception {
    try (NetgoferChannel c = start("allow")) {
      assertEquals(List.of("127.0.0.1"), addresses(ask(c, "localhost", A)));
      assertEquals(List.of("::1"), addresses(ask(c, "x.localhost", AAAA)));
      assertEquals(List.of("10.86.0.1"), addresses(ask(c, "host.vivarium.internal", A)));
    }
    assertEquals(0, asked.size());
  }

  @Test
  void whatTheServerSendsCannotHarm() throws Exception {
    Random random = new Random(11);
    answers =
        q -> {
          byte[] good =
              answer(
                  q,
                  0,
                  cname("f.example.org", "g.example.org"),
                  a("g.example.org", "5.5.5.5"),
                  a("f.example.org", "10.0.0.1"));
          int changes = 1 + random.nextInt(8);
          for (int i = 0; i < changes; i++) {
            int at = 4 + random.nextInt(good.length - 4);
            good[at] = random.nextInt(4) == 0 ? (byte) 0xc0 : (byte) random.nextInt();
          }
          return java.util.Arrays.copyOf(
              good, random.nextInt(4) == 0 ? 12 + random.nextInt(good.length - 12) : good.length);
        };
    try (NetgoferChannel c = start("allow", "n,f.example.org,443,443,3")) {
      int fd = open(c, false);
      for (int i = 0; i < 3000; i++) {
        send(fd, query(i, "f.example.org", i % 3 == 0 ? AAAA : i % 3 == 1 ? A : TXT));
        if (i % 50 == 0) {
          assertEquals(0, decideQuietly(c));
        }
      }
      Libc.close(fd);
      answers = q -> answer(q, 0, a("f.example.org", "9.9.9.9"));
      byte[] last = ask(c, "f.example.org", A);
      for (int i = 0; i < 200 && rcode(last) == 2; i++) {
        Thread.sleep(50); // until the queries above, which nobody answered well, are given up
        last = ask(c, "f.example.org", A);
      }
      assertEquals(List.of("9.9.9.9"), addresses(last));
      assertEquals(Errno.EACCES, decide(c, "10.0.0.1", 443));
    }
  }

  private static int decideQuietly(NetgoferChannel c) {
    return NetgoferTest.ask(c, NetWire.ASK, true, GATEWAY, 53).error();
  }

  @Test
  void whatTheGuestAsksCannotHarm() throws Exception {
    Random random = new Random(12);
    answers = q -> answer(q, 0, a("example.org", "5.5.5.5"));
    try (NetgoferChannel c = start("allow", "n,example.org,443,443,3")) {
      for (boolean stream : new boolean[] {false, true}) {
        for (int i = 0; i < 1500; i++) {
          int fd = open(c, stream);
          byte[] q = query(i, "example.org", A);
          for (int k = random.nextInt(4); k > 0; k--) {
            q[random.nextInt(q.length)] = (byte) random.nextInt();
          }
          byte[] message = java.util.Arrays.copyOf(q, random.nextInt(q.length + 700));
          send(fd, message);
          Libc.close(fd);
        }
      }
      assertEquals(List.of("5.5.5.5"), addresses(ask(c, "example.org", A)));
      for (byte[] asking : copyOfAsked()) {
        String text = new String(asking, StandardCharsets.ISO_8859_1);
        assertTrue(text.toLowerCase(java.util.Locale.ROOT).contains("\7example\3org\0"), text);
      }
    }
    assertFalse(asked.isEmpty());
  }

  private List<byte[]> copyOfAsked() {
    synchronized (asked) {
      return List.copyOf(asked);
    }
  }

  @Test
  void aDeadServerIsAnErrorAfterAWhile() throws Exception {
    try (NetgoferChannel c = start("allow", "n,example.org,443,443,3")) {
      assertEquals(2, rcode(ask(c, "example.org", A)), "SERVFAIL");
      assertEquals(2, asked.size(), "asked twice");
    }
  }

  @Test
  void weirdNamesAreRefused() throws Exception {
    try (NetgoferChannel c = start("full")) {
      for (String name : Stream.of("a b.org", "a\0b.org", "\u00ff.org", "a/b.org").toList()) {
        assertEquals(5, rcode(ask(c, name, A)), name);
      }
    }
    assertEquals(0, asked.size());
  }
}

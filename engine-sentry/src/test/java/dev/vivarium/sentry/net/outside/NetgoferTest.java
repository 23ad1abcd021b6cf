package dev.vivarium.sentry.net.outside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.profiles.network.AddressKind;
import dev.vivarium.profiles.network.AddressRange;
import dev.vivarium.profiles.network.Decision;
import dev.vivarium.profiles.network.IpAddress;
import dev.vivarium.profiles.network.NetworkPolicy;
import dev.vivarium.profiles.network.NetworkPolicy.Mode;
import dev.vivarium.profiles.network.PolicyState;
import dev.vivarium.profiles.network.Rule;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The network gofer as its sentry sees it: it decides as the Java policy does, whoever asks. */
final class NetgoferTest {
  @TempDir Path folder;

  private static NetworkPolicy policy(Mode mode, String... rules) {
    return new NetworkPolicy(mode, Stream.of(rules).map(Rule::parse).toList());
  }

  private static NetworkPolicy denying(Mode mode, String[] rules, String... denied) {
    return new NetworkPolicy(
        mode,
        Stream.of(rules).map(Rule::parse).toList(),
        Stream.of(denied).map(Rule::parse).toList(),
        NetworkPolicy.Asking.USUAL);
  }

  /** The next message, however long it takes; null if there will be none. */
  private static @Nullable NetMessage next(NetgoferChannel c) {
    NetMessage m = null;
    while (m == null && !c.isBroken()) {
      m = c.receive(0);
    }
    return m;
  }

  static NetMessage ask(NetgoferChannel c, int op, boolean stream, IpAddress a, int port) {
    int protocol = stream ? NetWire.PROTOCOL_TCP : NetWire.PROTOCOL_UDP;
    int sequence = -1;
    while (sequence < 0) {
      // Full at times, and emptied by a process that needs a processor for it.
      sequence = c.request(op, 0, 0, protocol, a.bytes(), port, new byte[0]);
      Thread.onSpinWait();
    }
    for (; ; ) {
      NetMessage m = next(c);
      assertNotNull(m, "it ended");
      if (m.sequence() == sequence) {
        return m;
      }
    }
  }

  @Test
  void offsetsAreThoseOfTheHeader() throws Exception {
    Map<String, Integer> expected = new LinkedHashMap<>();
    expected.put("NETGOFER_VERSION", NetWire.VERSION);
    expected.put("MAX_DATAGRAM", NetWire.MAX_DATAGRAM);
    expected.put("NET_HELLO", NetWire.HELLO);
    expected.put("NET_OPEN", NetWire.OPEN);
    expected.put("NET_ASK", NetWire.ASK);
    expected.put("NET_CREDIT", NetWire.CREDIT);
    expected.put("NET_DATAGRAM", NetWire.DATAGRAM);
    expected.put("NET_LISTEN", NetWire.LISTEN);
    expected.put("NET_UNLISTEN", NetWire.UNLISTEN);
    expected.put("NET_ANSWER", NetWire.ANSWER);
    expected.put("NET_QUESTION", NetWire.QUESTION);
    expected.put("ANSWER_REFUSE", NetWire.ANSWER_REFUSE);
    expected.put("ANSWER_ALLOW", NetWire.ANSWER_ALLOW);
    expected.put("ANSWER_NONE", NetWire.ANSWER_NONE);
    expected.put("RULE_DENIED", Decision.DENIED);
    expected.put("RULE_ASKED", Decision.ASKS);
    expected.put("RULE_ANSWERED", Decision.ANSWERED);
    expected.put("NET_REPLY", NetWire.REPLY);
    expected.put("NET_ACCEPTED", NetWire.ACCEPTED);
    expected.put("NET_ARRIVED", NetWire.ARRIVED);
    expected.put("NET_RESOLVED", NetWire.RESOLVED);
    expected.put("PROTOCOL_TCP", NetWire.PROTOCOL_TCP);
    expected.put("PROTOCOL_UDP", NetWire.PROTOCOL_UDP);
    expected.put("NET_HAS_V4", NetWire.HAS_V4);
    expected.put("NET_HAS_V6", NetWire.HAS_V6);
    expected.put("NET_USER_NS", NetWire.USER_NS);
    expected.put("NET_EMPTY_ROOT", NetWire.EMPTY_ROOT);
    expected.put("NET_NOBODY", NetWire.NOBODY);
    expected.put("NET_SECCOMP", NetWire.SECCOMP);
    expected.put("NET_NO_CAPS", NetWire.NO_CAPS);
    expected.put("NET_LANDLOCK", NetWire.LANDLOCK);
    expected.put("NET_IN_NAMESPACE", NetWire.IN_NAMESPACE);
    expected.put("RULE_NONE", Decision.NO_RULE);
    expected.put("RULE_FULL", Decision.FULL);
    expected.put("sizeof(struct net_request)", NetWire.REQUEST_SIZE);
    expected.put("offsetof(struct net_request, sequence)", NetWire.REQUEST_SEQUENCE);
    expected.put("offsetof(struct net_request, op)", NetWire.REQUEST_OP);
    expected.put("offsetof(struct net_request, index)", NetWire.REQUEST_INDEX);
    expected.put("offsetof(struct net_request, value)", NetWire.REQUEST_VALUE);
    expected.put("offsetof(struct net_request, protocol)", NetWire.REQUEST_PROTOCOL);
    expected.put("offsetof(struct net_request, port)", NetWire.REQUEST_PORT);
    expected.put("offsetof(struct net_request, address)", NetWire.REQUEST_ADDRESS);
    expected.put("sizeof(struct net_message)", NetWire.MESSAGE_SIZE);
    expected.put("offsetof(struct net_message, sequence)", NetWire.MESSAGE_SEQUENCE);
    expected.put("offsetof(struct net_message, event)", NetWire.MESSAGE_EVENT);
    expected.put("offsetof(struct net_message, index)", NetWire.MESSAGE_INDEX);
    expected.put("offsetof(struct net_message, error)", NetWire.MESSAGE_ERROR);
    expected.put("offsetof(struct net_message, rule)", NetWire.MESSAGE_RULE);
    expected.put("offsetof(struct net_message, value)", NetWire.MESSAGE_VALUE);
    expected.put("offsetof(struct net_message, kind)", NetWire.MESSAGE_KIND);
    expected.put("offsetof(struct net_message, protocol)", NetWire.MESSAGE_PROTOCOL);
    expected.put("offsetof(struct net_message, port)", NetWire.MESSAGE_PORT);
    expected.put("offsetof(struct net_message, address)", NetWire.MESSAGE_ADDRESS);
    expected.put("offsetof(struct net_message, local_address)", NetWire.MESSAGE_LOCAL_ADDRESS);
    expected.put("offsetof(struct net_message, local_port)", NetWire.MESSAGE_LOCAL_PORT);
    expected.put("offsetof(struct net_message, length)", NetWire.MESSAGE_LENGTH);
    for (AddressKind kind : AddressKind.values()) {
      expected.put(kind.name(), kind.ordinal());
    }
    assertEquals(
        expected.entrySet().stream()
            .map(e -> e.getKey() + " = " + e.getValue())
            .collect(Collectors.joining("\n")),
        inC(expected));
  }

  private String inC(Map<String, Integer> names) throws Exception {
    Path source = folder.resolve("offsets.c");
    Path program = folder.resolve("offsets");
    String lines =
        names.keySet().stream()
            .map(n -> "printf(\"" + n + " = %d\\n\", (int)(" + n + "));")
            .collect(Collectors.joining("\n"));
    Files.writeString(
        source,
        "#include <stdio.h>\n#include \"netgofer.h\"\nint main(void) {\n" + lines + "\n}\n");
    run("gcc", "-I", "src/main/c/netgofer", "-o", program.toString(), source.toString());
    return run(program.toString());
  }

  private static String run(String... command) throws Exception {
    Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, p.waitFor(), text);
    return text.strip();
  }

  /** Addresses at and beside every border that either side knows of, and others. */
  private static List<IpAddress> addresses(Random random) {
    List<IpAddress> all = new ArrayList<>();
    for (String range :
        List.of(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "255.255.255.255",
            "::/128",
            "::1",
            "::/96",
            "64:ff9b::/96",
            "64:ff9b::10.0.0.0/104",
            "64:ff9b:1::/48",
            "100::/64",
            "2000::/3",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "2002:a00::/24",
            "3fff::/20",
            "fc00::/7",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8")) {
      AddressRange r = AddressRange.parse(range).orElseThrow();
      for (IpAddress a : List.of(r.base(), r.last())) {
        all.add(a);
        all.add(new IpAddress(a.high() - (a.low() == 0 ? 1 : 0), a.low() - 1));
        all.add(new IpAddress(a.high() + (a.low() == -1 ? 1 : 0), a.low() + 1));
      }
    }
    for (int i = 0; i < 200; i++) {
      all.add(IpAddress.v4(random.nextInt()));
      all.add(new IpAddress(random.nextLong(), random.nextLong()));
      all.add(new IpAddress(0x2000000000000000L | random.nextLong() >>> 3, random.nextLong()));
    }
    return all;
  }

  @Test
  void itDecidesAsTheJavaPolicyDoes() throws Exception {
    Random random = new Random(8);
    List<IpAddress> addresses = addresses(random);
    String[] rules = {
      "10.0.0.0/8:80",
      "10.0.0.0/7:81",
      "192.168.0.0/16/udp",
      "0.0.0.0/0:443",
      "[::/0]:444",
      "169.254.0.0/16:80",
      "169.254.169.254:82",
      "[fd00::/8]:80",
      "[2002::/16]:80",
      "8.0.0.0/6:1-99",
      "fe80::/10",
      "203.0.113.0/24:80",
      "240.0.0.0/4",
      "2001:db8::/32",
      "64:ff9b::/96",
      "*:445/tcp",
      "fd00:ec2::254:80",
      "100.64.0.0/9:90",
      "[::ffff:10.0.0.0/104]:91",
      "128.0.0.0/1:92",
      "ff00::/7"
    };
    int compared = 0;
    for (NetworkPolicy p :
        List.of(
            policy(Mode.ALLOW),
            policy(Mode.FULL),
            policy(Mode.ALLOW, rules),
            policy(Mode.FULL, rules),
            denying(Mode.ASK, rules, "10.0.0.0/9:80", "*:90/tcp", "[2000::/4]:444", "8.0.0.0/5"),
            denying(Mode.FULL, rules, "128.0.0.0/2", "fe80::/10", "*:445"))) {
      PolicyState java = new PolicyState(p, a -> false);
      try (NetgoferChannel c = NetgoferChannel.start(p.arguments())) {
        for (IpAddress a : addresses) {
          for (int port : new int[] {80, 82, 90, 443, 444, 445}) {
            boolean stream = (port & 1) == 0;
            NetMessage m = ask(c, NetWire.ASK, stream, a, port);
            if (m.kind() == AddressKind.OWN.ordinal()) {
              continue; // of the machine that tests; or a broadcast address of its networks
            }
            Decision d = java.decide(stream, a, port, 0);
            String what = a + " " + port + " " + p.mode() + " " + p.rules();
            assertEquals(d.kind().ordinal(), m.kind(), what);
            assertEquals(d.allowed() ? 0 : Errno.EACCES, m.error(), what);
            assertEquals(d.rule(), m.rule(), what);
            compared++;
          }
        }
      }
    }
    assertTrue(compared > 15_000, "compared " + compared);
  }

  @Test
  void thisMachineIsReachedByItsOwnRuleOnly() throws Exception {
    IpAddress gateway = IpAddress.parse("10.86.0.1").orElseThrow();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = server.getLocalPort();
      NetworkPolicy asked = policy(Mode.ALLOW, "127.0.0.1:" + port);
      try (NetgoferChannel c = NetgoferChannel.start(asked.arguments())) {
        NetMessage m = ask(c, NetWire.OPEN, true, gateway, port);
        assertEquals(0, m.error());
        assertTrue(m.fd() >= 0);
        server.accept().close();
        Libc.close(m.fd());
        assertEquals(Errno.EACCES, ask(c, NetWire.OPEN, true, gateway, port - 1).error());
        IpAddress loopback = IpAddress.parse("127.0.0.1").orElseThrow();
        assertEquals(Errno.EACCES, ask(c, NetWire.OPEN, true, loopback, port).error());
      }
      NetworkPolicy everything = policy(Mode.FULL, "*", "0.0.0.0/0");
      try (NetgoferChannel c = NetgoferChannel.start(everything.arguments())) {
        assertEquals(Errno.EACCES, ask(c, NetWire.OPEN, true, gateway, port).error());
      }
    }
  }

  @Test
  void everyConnectionHasASocketOfItsOwnSoonAfterTheLastAndLater() throws Exception {
    IpAddress gateway = IpAddress.parse("10.86.0.1").orElseThrow();
    try (ServerSocket server = new ServerSocket(0, 9, InetAddress.getLoopbackAddress())) {
      int port = server.getLocalPort();
      NetworkPolicy asked = policy(Mode.ALLOW, "127.0.0.1:" + port);
      try (NetgoferChannel c = NetgoferChannel.start(asked.arguments())) {
        Set<Integer> peers = new HashSet<>();
        for (int i = 0; i < 6; i++) {
          if (i % 3 != 1) {
            Thread.sleep(20); // it makes one ahead when it has nothing else to do
          }
          NetMessage m = ask(c, NetWire.OPEN, true, gateway, port);
          assertEquals(0, m.error());
          try (Socket peer = server.accept()) {
            peer.getOutputStream().write(i);
            assertTrue(peers.add(peer.getPort()));
            assertEquals(i, verdict(m)); // its first byte, and its end
            assertEquals(-1, peer.getInputStream().read());
          }
          // What goes by another protocol does not get it.
          NetMessage way = ask(c, NetWire.OPEN, false, gateway, port);
          assertEquals(0, way.error());
          Libc.close(way.fd());
        }
      }
    }
  }

  /** The next of an event; others are passed over. */
  private static NetMessage next(NetgoferChannel c, int event) {
    for (; ; ) {
      NetMessage m = next(c);
      assertNotNull(m, "it ended");
      if (m.event() == event) {
        return m;
      }
    }
  }

  private static int verdict(NetMessage m) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment b = arena.allocate(1);
      long n;
      do {
        n = Libc.syscall(Sys.RECVFROM, m.fd(), b.address(), 1, 0, 0, 0);
        Thread.onSpinWait();
      } while (n == -Errno.EAGAIN);
      return n == 1 ? b.get(ValueLayout.JAVA_BYTE, 0) & 0xff : -1;
    } finally {
      Libc.close(m.fd());
    }
  }

  private static void answer(NetgoferChannel c, int number, int said) {
    assertTrue(c.request(NetWire.ANSWER, said, number, 0, new byte[16], 0, new byte[0]) > 0);
  }

  @Test
  void anAttemptWaitsForWhatAPersonSays() throws Exception {
    IpAddress gateway = IpAddress.parse("10.86.0.1").orElseThrow();
    try (ServerSocket server = new ServerSocket(0, 9, InetAddress.getLoopbackAddress());
        NetgoferChannel c = NetgoferChannel.start(policy(Mode.ASK).arguments())) {
      int port = server.getLocalPort();
      NetMessage first = ask(c, NetWire.OPEN, true, gateway, port);
      assertEquals(NetWire.OPEN_VERDICT, first.index());
      assertEquals(Decision.ASKS, first.rule());
      NetMessage question = next(c, NetWire.QUESTION);
      assertEquals(first.sequence(), question.sequence());
      assertEquals(AddressKind.LOOPBACK.ordinal(), question.kind());
      assertEquals(port, question.port());
      NetMessage second = ask(c, NetWire.OPEN, true, gateway, port);
      answer(c, question.value() + 1, NetWire.ANSWER_ALLOW); // there is no such question
      answer(c, question.value(), NetWire.ANSWER_NONE);
      assertEquals(Errno.EACCES, verdict(first));
      assertEquals(Errno.EACCES, verdict(second), "both waited for one question");

      NetMessage third = ask(c, NetWire.OPEN, true, gateway, port);
      question = next(c, NetWire.QUESTION); // nobody had said anything
      answer(c, question.value(), NetWire.ANSWER_ALLOW);
      assertEquals(0, verdict(third));
      server.accept().close();
      NetMessage fourth = ask(c, NetWire.OPEN, true, gateway, port);
      assertEquals(0, fourth.error());
      assertEquals(Decision.ANSWERED, fourth.rule(), "not asked for again");
      Libc.close(fourth.fd());

      NetMessage other = ask(c, NetWire.OPEN, true, gateway, 9);
      answer(c, next(c, NetWire.QUESTION).value(), NetWire.ANSWER_REFUSE);
      assertEquals(Errno.EACCES, verdict(other));
      assertEquals(Decision.DENIED, ask(c, NetWire.OPEN, true, gateway, 9).rule());
    }
  }

  @Test
  void questionsAndWhoWaitsAreBounded() throws Exception {
    IpAddress somebody = IpAddress.parse("8.8.8.8").orElseThrow();
    try (NetgoferChannel c = NetgoferChannel.start(policy(Mode.ASK).arguments())) {
      List<Integer> open = new ArrayList<>();
      int refused = 0;
      for (int port = 1; port <= 20; port++) {
        NetMessage m = ask(c, NetWire.OPEN, true, somebody, port);
        refused += m.error() == Errno.EACCES ? 1 : 0;
        if (m.fd() >= 0) {
          open.add(m.fd());
        }
      }
      assertEquals(4, refused, "more than sixteen questions");
      for (int i = 0; i < 400; i++) {
        NetMessage m = ask(c, NetWire.OPEN, true, somebody, 1);
        refused += m.error() == Errno.EACCES ? 1 : 0;
        if (m.fd() >= 0) {
          open.add(m.fd());
        }
      }
      assertEquals(256, open.size(), "as many as can wait");
      open.forEach(Libc::close);
      NetMessage m = ask(c, NetWire.OPEN, true, somebody, 2);
      for (int i = 0; i < 100 && m.fd() < 0; i++) {
        Thread.sleep(20);
        m = ask(c, NetWire.OPEN, true, somebody, 2);
      }
      assertTrue(m.fd() >= 0, "who gave up leaves room");
      Libc.close(m.fd());
    }
  }

  @Test
  void nonsenseFromTheSentryHarmsNobody() throws Exception {
    Random random = new Random(3);
    try (NetgoferChannel c =
        NetgoferChannel.start(List.of("allow", "port,udp,127.0.0.1,0", "dns,127.0.0.1,9"))) {
      for (int i = 0; i < 20_000; i++) {
        byte[] address = new byte[16];
        random.nextBytes(address);
        byte[] payload = new byte[random.nextInt(8) == 0 ? random.nextInt(60_000) : 0];
        int op = random.nextInt(10);
        int index = random.nextInt(0x10000) >> random.nextInt(17);
        c.request(
            op, index, random.nextInt(), random.nextInt(5), address, random.nextInt(), payload);
        for (NetMessage m = c.receive(Libc.MSG_DONTWAIT); m != null; ) {
          assertTrue(m.fd() < 0, "a descriptor for nothing");
          m = c.receive(Libc.MSG_DONTWAIT);
        }
      }
      IpAddress a = IpAddress.parse("8.8.8.8").orElseThrow();
      assertEquals(Errno.EACCES, ask(c, NetWire.ASK, true, a, 53).error());
    }
  }

  @Test
  void aTakenPortIsSaidInOneLine() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = "port,tcp,127.0.0.1," + server.getLocalPort();
      IOException e =
          assertThrows(
              IOException.class, () -> NetgoferChannel.start(List.of("allow", port)).close());
      assertEquals(
          "cannot publish 127.0.0.1:" + server.getLocalPort() + ": Address already in use",
          e.getMessage());
    }
  }

  @Test
  void itEndsWithItsSentry() throws Exception {
    NetgoferChannel c = NetgoferChannel.start(List.of("allow"));
    ProcessHandle process = ProcessHandle.of(c.pid()).orElseThrow();
    Libc.shutdown(c.socket());
    for (int i = 0; i < 200 && process.isAlive() && !isZombie(c.pid()); i++) {
      Thread.sleep(25);
    }
    assertTrue(!process.isAlive() || isZombie(c.pid()));
    c.close();
  }

  private static boolean isZombie(int pid) throws IOException {
    Path stat = Path.of("/proc/" + pid + "/stat");
    return !Files.exists(stat) || Files.readString(stat).contains(") Z ");
  }

  @Test
  void nothingButTheNetworkIsLeftToIt() throws Exception {
    try (NetgoferChannel c = NetgoferChannel.start(List.of("allow"))) {
      String status = Files.readString(Path.of("/proc/" + c.pid() + "/status"));
      assertTrue(status.contains("Seccomp:\t2"), status);
      assertTrue(status.contains("NoNewPrivs:\t1"), status);
      assertTrue(status.contains("CapEff:\t0000000000000000"), status);
      assertTrue(status.contains("CapBnd:\t0000000000000000"), status);
      assertFalse(c.has(NetWire.EMPTY_ROOT) && Libc.getuid() == 0 && !c.has(NetWire.NOBODY));
    }
  }
}

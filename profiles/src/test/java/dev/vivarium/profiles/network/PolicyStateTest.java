package dev.vivarium.profiles.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.profiles.network.NetworkPolicy.Mode;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What gets through a policy, and the many ways around it that do not. */
final class PolicyStateTest {
  private static final long NOW = 1_000_000;
  private static final String HERE = "198.51.100.77";

  private static IpAddress ip(String text) {
    return IpAddress.parse(text).orElseThrow();
  }

  private static PolicyState state(Mode mode, String... rules) {
    return new PolicyState(
        new NetworkPolicy(mode, Stream.of(rules).map(Rule::parse).toList()),
        a -> a.equals(ip(HERE)) || a.equals(ip("8.8.4.4")) || a.equals(ip("192.168.7.7")));
  }

  private static boolean reaches(PolicyState s, String address, int port) {
    return s.decide(true, ip(address), port, NOW).allowed();
  }

  /** Addresses that are nobody's business of a sandbox, in every way of writing them. */
  private static final List<String> SET_ASIDE =
      List.of(
          "0.0.0.0",
          "0.1.2.3",
          "10.0.0.1",
          "10.255.255.255",
          "100.64.0.1",
          "100.127.255.255",
          "127.0.0.1",
          "127.1.2.3",
          "169.254.0.1",
          "169.254.169.254",
          "169.254.170.2",
          "100.100.100.200",
          "168.63.129.16",
          "192.0.0.192",
          "172.16.0.1",
          "172.31.255.255",
          "192.0.0.1",
          "192.0.2.1",
          "192.88.99.1",
          "192.168.0.1",
          "192.168.255.255",
          "198.18.0.1",
          "198.19.255.255",
          "198.51.100.1",
          "203.0.113.1",
          "224.0.0.1",
          "239.255.255.250",
          "240.0.0.1",
          "255.255.255.255",
          "::",
          "::1",
          "::7f00:1",
          "::a00:1",
          "::ffff:10.0.0.1",
          "::ffff:127.0.0.1",
          "::ffff:169.254.169.254",
          "::ffff:192.168.1.1",
          "::ffff:a9fe:a9fe",
          "::ffff:0:10.0.0.1",
          "64:ff9b::10.0.0.1",
          "64:ff9b::127.0.0.1",
          "64:ff9b::169.254.169.254",
          "64:ff9b:1::1",
          "100::1",
          "2001::1",
          "2001:0:4136:e378::1",
          "2001:2::1",
          "2001:10::1",
          "2001:20::1",
          "2001:db8::1",
          "2002:a00:1::1",
          "2002:7f00:1::1",
          "2002:a9fe:a9fe::1",
          "2002:808:808::1",
          "3fff::1",
          "4000::1",
          "5f00::1",
          "fc00::1",
          "fd00::1",
          "fd00:ec2::254",
          "fd20:ce::254",
          "fdff:ffff::1",
          "fe80::1",
          "febf::1",
          "fec0::1",
          "feff::1",
          "ff02::1",
          "ff0e::1",
          "8000::1",
          "e000::1");

  @Test
  void nothingIsReachedWithoutARule() {
    PolicyState s = state(Mode.ALLOW);
    for (String a : SET_ASIDE) {
      assertFalse(reaches(s, a, 80), a);
    }
    assertFalse(reaches(s, "8.8.8.8", 443));
    assertFalse(reaches(s, "2606:4700::1111", 443));
  }

  private static PolicyState asking(List<Rule> rules, String... denied) {
    return new PolicyState(
        new NetworkPolicy(
            Mode.ASK,
            rules,
            Stream.of(denied).map(Rule::parse).toList(),
            NetworkPolicy.Asking.USUAL),
        a -> a.equals(ip(HERE)));
  }

  @Test
  void aPersonIsAskedOfWhatNoRuleSaysAndNothingElse() {
    PolicyState s = asking(List.of(Rule.parse("8.8.8.8:53")), "9.9.9.9", "*:25", "bad.org:80");
    assertEquals(0, s.decide(true, ip("8.8.8.8"), 53, NOW).rule());
    assertEquals(Decision.ASKS, s.decide(true, ip("8.8.8.8"), 443, NOW).rule());
    assertEquals(Decision.ASKS, s.decide(true, ip("192.168.1.1"), 443, NOW).rule());
    assertEquals(Decision.ASKS, s.decideHostLoopback(true, 80).rule());
    assertEquals(Decision.DENIED, s.decide(true, ip("9.9.9.9"), 443, NOW).rule());
    assertEquals(Decision.DENIED, s.decide(true, ip("8.8.8.8"), 25, NOW).rule());
    s.bind("bad.org", ip("8.8.4.9"), 60, NOW);
    assertEquals(Decision.DENIED, s.decide(true, ip("8.8.4.9"), 80, NOW).rule());
    assertEquals(Decision.ASKS, s.decide(true, ip("8.8.4.9"), 81, NOW).rule());
    for (String a : List.of("169.254.169.254", "224.0.0.1", "169.254.1.1", "203.0.113.9", HERE)) {
      assertEquals(Decision.NO_RULE, s.decide(true, ip(a), 80, NOW).rule(), a);
    }
    for (String a : SET_ASIDE) {
      assertFalse(reaches(s, a, 80), a);
    }
  }

  @Test
  void whatIsDeniedIsDeniedWhateverElseAllowsIt() {
    PolicyState s =
        new PolicyState(
            new NetworkPolicy(
                Mode.FULL,
                List.of(Rule.parse("8.8.8.8"), Rule.parse("localhost:80")),
                List.of(
                    Rule.parse("8.8.8.0/24:53/udp"),
                    Rule.parse("localhost:80"),
                    Rule.parse("*.evil.org")),
                NetworkPolicy.Asking.USUAL),
            a -> false);
    assertTrue(s.decide(true, ip("8.8.8.8"), 53, NOW).allowed());
    assertFalse(s.decide(false, ip("8.8.8.8"), 53, NOW).allowed());
    assertFalse(s.decideHostLoopback(true, 80).allowed());
    NetworkPolicy byName =
        new NetworkPolicy(
            Mode.FULL,
            List.of(Rule.parse("good.evil.org")),
            List.of(Rule.parse("*.evil.org"), Rule.parse("port.org:22")),
            NetworkPolicy.Asking.USUAL);
    assertEquals(Decision.DENIED, byName.ruleForName("good.evil.org"));
    assertEquals(Decision.FULL, byName.ruleForName("port.org"), "other ports of it are open");
    assertEquals(Decision.FULL, byName.ruleForName("evil.org"));
  }

  @Test
  void fullAndEveryRuleForEveryoneLeaveWhatIsSetAsideAlone() {
    for (PolicyState s :
        List.of(
            state(Mode.FULL),
            state(Mode.ALLOW, "*"),
            state(Mode.ALLOW, "0.0.0.0/0", "::/0"),
            state(Mode.ALLOW, "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"),
            state(Mode.FULL, "example.org", "*.example.org:443", "1.0.0.0/8"))) {
      for (String a : SET_ASIDE) {
        assertFalse(reaches(s, a, 80), a);
        assertFalse(s.decide(false, ip(a), 53, NOW).allowed(), a);
      }
      assertFalse(reaches(s, HERE, 80), "this machine's own");
      assertFalse(reaches(s, "8.8.4.4", 80), "this machine's own, though public");
    }
    assertTrue(reaches(state(Mode.FULL), "8.8.8.8", 443));
    assertTrue(reaches(state(Mode.FULL), "2606:4700::1111", 443));
    assertTrue(reaches(state(Mode.FULL), "64:ff9b::8.8.8.8", 443));
    assertTrue(reaches(state(Mode.ALLOW, "*:443"), "8.8.8.8", 443));
    assertFalse(reaches(state(Mode.ALLOW, "*:443"), "8.8.8.8", 80));
  }

  @Test
  void privateNetworksOpenToARangeWithinThem() {
    assertTrue(reaches(state(Mode.ALLOW, "192.168.1.0/24"), "192.168.1.9", 22));
    assertTrue(reaches(state(Mode.ALLOW, "192.168.1.0/24"), "::ffff:192.168.1.9", 22));
    assertFalse(reaches(state(Mode.ALLOW, "192.168.1.0/24"), "192.168.2.9", 22));
    assertTrue(reaches(state(Mode.FULL, "10.0.0.0/8:5432"), "10.9.9.9", 5432));
    assertFalse(reaches(state(Mode.FULL, "10.0.0.0/8:5432"), "10.9.9.9", 5433));
    assertFalse(reaches(state(Mode.FULL, "10.0.0.0/7"), "10.9.9.9", 5432), "wider than private");
    assertFalse(reaches(state(Mode.FULL, "192.0.0.0/8"), "192.168.1.1", 80));
    assertTrue(reaches(state(Mode.ALLOW, "fd12:3456::/32"), "fd12:3456::1", 80));
    assertTrue(reaches(state(Mode.ALLOW, "fc00::/7"), "fc12::1", 80));
    assertFalse(reaches(state(Mode.ALLOW, "f000::/4"), "fd12:3456::1", 80));
    assertTrue(reaches(state(Mode.ALLOW, "203.0.113.0/24"), "203.0.113.5", 80));
    assertTrue(reaches(state(Mode.ALLOW, "fe80::/10"), "fe80::1", 80));
  }

  @Test
  void metadataAndThisMachineOpenToTheirOneAddressOnly() {
    assertFalse(reaches(state(Mode.ALLOW, "169.254.0.0/16"), "169.254.169.254", 80));
    assertFalse(reaches(state(Mode.ALLOW, "fd00:ec2::/64"), "fd00:ec2::254", 80));
    assertTrue(reaches(state(Mode.ALLOW, "169.254.169.254:80"), "169.254.169.254", 80));
    assertFalse(reaches(state(Mode.ALLOW, "192.168.7.0/24"), "192.168.7.7", 80));
    assertTrue(reaches(state(Mode.ALLOW, "192.168.7.7"), "192.168.7.7", 80));
    assertTrue(reaches(state(Mode.ALLOW, "8.8.4.4:53"), "8.8.4.4", 53));
  }

  @Test
  void thisMachinesLoopbackHasARuleOfItsOwn() {
    PolicyState s = state(Mode.ALLOW, "host.vivarium.internal:8080", "127.0.0.1:9090/udp");
    assertTrue(s.decideHostLoopback(true, 8080).allowed());
    assertFalse(s.decideHostLoopback(true, 8081).allowed());
    assertFalse(s.decideHostLoopback(true, 9090).allowed());
    assertTrue(s.decideHostLoopback(false, 9090).allowed());
    assertFalse(state(Mode.FULL, "*").decideHostLoopback(true, 80).allowed());
    assertFalse(reaches(s, "127.0.0.1", 8080), "only by its name");
  }

  @Test
  void aNameMeansTheAddressesOfItsAnswers() {
    PolicyState s = state(Mode.ALLOW, "example.org:443");
    assertFalse(reaches(s, "93.184.216.34", 443), "not asked for yet");
    assertTrue(s.bind("example.org", ip("93.184.216.34"), 300, NOW));
    assertTrue(reaches(s, "93.184.216.34", 443));
    assertTrue(reaches(s, "::ffff:93.184.216.34", 443));
    assertFalse(reaches(s, "93.184.216.34", 80), "another port");
    assertFalse(reaches(s, "93.184.216.35", 443), "its neighbour");
    Decision d = s.decide(true, ip("93.184.216.34"), 443, NOW);
    assertEquals(new Decision(true, 0, AddressKind.PUBLIC, "example.org"), d);
    assertFalse(s.decide(true, ip("93.184.216.34"), 443, NOW + 300).allowed(), "its time is over");
  }

  @Test
  void aShortTimeToLiveLastsAMinuteAndALongOneAnHour() {
    PolicyState s = state(Mode.ALLOW, "a.org", "b.org");
    s.bind("a.org", ip("1.1.1.1"), 0, NOW);
    s.bind("b.org", ip("2.2.2.2"), 1L << 31, NOW);
    assertTrue(s.decide(true, ip("1.1.1.1"), 1, NOW + 59).allowed());
    assertFalse(s.decide(true, ip("1.1.1.1"), 1, NOW + 60).allowed());
    assertTrue(s.decide(true, ip("2.2.2.2"), 1, NOW + 3599).allowed());
    assertFalse(s.decide(true, ip("2.2.2.2"), 1, NOW + 3600).allowed());
    s.bind("a.org", ip("1.1.1.1"), 600, NOW);
    s.bind("a.org", ip("1.1.1.1"), 1, NOW + 1);
    assertTrue(s.decide(true, ip("1.1.1.1"), 1, NOW + 599).allowed(), "a shorter answer shortens");
  }

  @Test
  void rebindingAnswersAreRefused() {
    PolicyState s = state(Mode.FULL, "evil.org", "*.evil.org:80", "*");
    for (String a : SET_ASIDE) {
      assertFalse(s.bind("evil.org", ip(a), 300, NOW), a);
      assertFalse(reaches(s, a, 80), a);
    }
    assertFalse(s.bind("evil.org", ip(HERE), 300, NOW));
    assertFalse(s.bind("evil.org", ip("8.8.4.4"), 300, NOW));
  }

  @Test
  void anAnswerIntoAPrivateNetworkIsGivenWhereARuleAsksForThatAddress() {
    PolicyState s = state(Mode.ALLOW, "nas.example.org", "192.168.1.5:445");
    assertTrue(s.bind("nas.example.org", ip("192.168.1.5"), 300, NOW));
    assertFalse(s.bind("nas.example.org", ip("192.168.1.6"), 300, NOW));
    assertTrue(reaches(s, "192.168.1.5", 445));
    assertFalse(reaches(s, "192.168.1.5", 22), "the name opens nothing there");
  }

  @Test
  void patternsMatchWholeLabels() {
    NetworkPolicy p =
        new NetworkPolicy(
            Mode.ALLOW, List.of(Rule.parse("example.org"), Rule.parse("*.example.com")));
    assertEquals(0, p.ruleForName("example.org"));
    assertEquals(1, p.ruleForName("a.example.com"));
    assertEquals(1, p.ruleForName("a.b.example.com"));
    for (String other :
        List.of(
            "example.com",
            "notexample.org",
            "example.org.evil.net",
            "a.example.org",
            "aexample.com",
            ".example.com",
            "example.comm",
            "xn--example-.org",
            "org",
            "")) {
      assertEquals(Decision.NO_RULE, p.ruleForName(other), other);
    }
    NetworkPolicy full = new NetworkPolicy(Mode.FULL, List.of());
    assertEquals(Decision.FULL, full.ruleForName("anything.net"));
  }

  @Test
  void anotherNamesAddressIsNotTheRulesAddress() {
    PolicyState s = state(Mode.ALLOW, "good.org:443", "other.org:80");
    s.bind("other.org", ip("5.5.5.5"), 300, NOW);
    assertFalse(reaches(s, "5.5.5.5", 443));
    assertTrue(reaches(s, "5.5.5.5", 80));
  }

  @Test
  void portZeroIsNobodys() {
    assertFalse(reaches(state(Mode.FULL, "*"), "8.8.8.8", 0));
  }

  @Test
  void whatIsLearnedIsBounded() {
    PolicyState s = state(Mode.ALLOW, "*.many.org");
    for (int i = 0; i < 100_000; i++) {
      s.bind("h" + i + ".many.org", IpAddress.v4(0x05000000 + i), 60 + i % 1000, NOW);
    }
    int known = 0;
    for (int i = 0; i < 100_000; i++) {
      known += s.decide(true, IpAddress.v4(0x05000000 + i), 1, NOW).allowed() ? 1 : 0;
    }
    assertTrue(known > 100 && known <= 1024, "known: " + known);
  }
}

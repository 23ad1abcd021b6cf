package dev.vivarium.profiles.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class RuleTest {
  @Test
  void aNameAloneMeansEveryPort() {
    Rule r = Rule.parse("Example.ORG.");
    assertEquals("n,example.org,1,65535,3", r.argument());
  }

  @Test
  void portsAndProtocolsAreRead() {
    assertEquals("n,*.example.org,443,443,3", Rule.parse("*.example.org:443").argument());
    assertEquals("n,example.org,8000,8100,1", Rule.parse("example.org:8000-8100/tcp").argument());
    assertEquals("n,example.org,53,53,2", Rule.parse("example.org:53/udp").argument());
    assertEquals("*,*,443,443,3", Rule.parse("*:443").argument());
    assertEquals("n,example.org,1,65535,3", Rule.parse("example.org:*").argument());
  }

  @Test
  void addressesAreReadInBothFamilies() {
    assertEquals("a,10.1.0.0/112,1,65535,3", Rule.parse("10.1.2.3/16").argument());
    assertEquals("a,192.168.1.5/128,22,22,3", Rule.parse("192.168.1.5:22").argument());
    assertEquals("a,2001:db8::/32,1,65535,3", Rule.parse("2001:db8::/32").argument());
    assertEquals("a,2001:db8::1/128,443,443,3", Rule.parse("[2001:db8::1]:443").argument());
  }

  @Test
  void loopbackMeansThisMachine() {
    assertInstanceOf(Rule.HostLoopback.class, Rule.parse("127.0.0.1:8080").target());
    assertInstanceOf(Rule.HostLoopback.class, Rule.parse("localhost:8080").target());
    assertInstanceOf(Rule.HostLoopback.class, Rule.parse("[::1]:8080").target());
    assertInstanceOf(Rule.HostLoopback.class, Rule.parse("host.vivarium.internal").target());
  }

  @Test
  void whatMakesNoSenseIsSaidInOneLine() {
    for (String wrong :
        List.of(
            "",
            ":80",
            "a b",
            "example.org:",
            "example.org:0",
            "example.org:65536",
            "example.org:9-8",
            "example.org:x",
            "example.org:-1",
            "*example.org",
            "a.*.org",
            "*.",
            "**",
            "http://example.org/",
            "exa_mple..org",
            ".example.org",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "256.1.1.1",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "::1/129",
            "[::1",
            "[::1]80",
            "[10.0.0.1]:80",
            "[::1]:",
            "1::2::3",
            ":::",
            "12345::",
            "224.0.0.1:80",
            "255.255.255.255",
            "ff02::1",
            "ex\u00e4mple.org",
            "a,b")) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> Rule.parse(wrong), wrong);
      String message = e.getMessage() == null ? "" : e.getMessage();
      assertTrue(message.endsWith(": " + wrong) && message.indexOf('\n') < 0, message);
    }
  }

  @Test
  void addressesAreWrittenAsTheyAreRead() {
    for (String a :
        List.of(
            "1.2.3.4", "::", "::1", "2001:db8::1:0:0:1", "fe80::1", "1:2:3:4:5:6:7:8", "ff00::")) {
      assertEquals(a, IpAddress.parse(a).orElseThrow().toString());
    }
    assertEquals("10.0.0.1", IpAddress.parse("::ffff:10.0.0.1").orElseThrow().toString());
    assertEquals("10.0.0.1", IpAddress.parse("::ffff:a00:1").orElseThrow().toString());
    for (String wrong :
        List.of(
            "",
            "1",
            "1.2.3.4 ",
            "0x1.2.3.4",
            "1:2:3:4:5:6:7",
            "::1.2.3",
            "1::1::",
            "1:",
            ":1",
            "::g",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7::8",
            "fe80::1%eth0")) {
      assertTrue(IpAddress.parse(wrong).isEmpty(), wrong);
    }
  }
}

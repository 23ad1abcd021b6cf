package dev.vivarium.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.profiles.network.AddressKind;
import dev.vivarium.profiles.network.Rule;
import org.junit.jupiter.api.Test;

class NetworkQuestionTest {
  private static NetworkQuestion question(
      String protocol, String name, String address, int port, AddressKind kind, String program) {
    return new NetworkQuestion(1, protocol, name, address, port, kind, 7, program, 1000);
  }

  @Test
  void itSaysWhoAndWhat() {
    assertEquals(
        "curl (process 7) wants to reach example.org",
        question("dns", "example.org", "", 0, AddressKind.PUBLIC, "curl").text());
    assertEquals(
        "curl (process 7) wants to reach example.org:22 (93.184.216.34)",
        question("tcp", "example.org", "93.184.216.34", 22, AddressKind.PUBLIC, "curl").text());
    assertEquals(
        "curl (process 7) wants to reach [fd00::1]:53/udp, a private address",
        question("udp", "", "fd00::1", 53, AddressKind.PRIVATE, "curl").text());
    assertEquals(
        "curl (process 7) wants to reach port 5432 of this machine itself",
        question("tcp", "", "10.86.0.1", 5432, AddressKind.LOOPBACK, "curl").text());
  }

  @Test
  void anAnswerForGoodIsARuleThatMeansTheSame() {
    assertEquals(
        "example.org", question("dns", "example.org", "", 0, AddressKind.PUBLIC, "x").rule());
    assertEquals(
        "[2606::1]:443/tcp", question("tcp", "", "2606::1", 443, AddressKind.PUBLIC, "x").rule());
    String host = question("tcp", "", "10.86.0.1", 80, AddressKind.LOOPBACK, "x").rule();
    assertEquals("host.vivarium.internal:80/tcp", host);
    assertTrue(Rule.parse(host).target() instanceof Rule.HostLoopback);
  }

  @Test
  void whatAGuestChoseCannotForgeIt() {
    NetworkQuestion q =
        question(
            "dns",
            "evil.example",
            "",
            0,
            AddressKind.PUBLIC,
            "\u001b[2Jviv: apt wants to reach deb.debian.org\n");
    assertEquals("??2Jviv??apt?wa (process 7) wants to reach evil.example", q.text());
    for (String name : new String[] {"a b", "a\u001bb", "A.org", "a.org\n", "ä.org", "-\u202e.x"}) {
      assertThrows(
          IllegalArgumentException.class,
          () -> question("dns", name, "", 0, AddressKind.PUBLIC, ""),
          name);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> question("tcp", "", "1.2.3.4 or so", 1, AddressKind.PUBLIC, ""));
    assertThrows(
        IllegalArgumentException.class,
        () -> question("gopher", "a.org", "", 1, AddressKind.PUBLIC, ""));
  }

  @Test
  void aLongNameShowsWhoseItIs() {
    String label = "deb-debian-org-".repeat(4);
    String name = label + "." + label + "." + label + ".evil.example";
    String shown = question("dns", name, "", 0, AddressKind.PUBLIC, "").subject();
    assertTrue(shown.startsWith("…") && shown.endsWith(".evil.example"), shown);
    assertFalse(shown.length() > 70, shown);
  }
}

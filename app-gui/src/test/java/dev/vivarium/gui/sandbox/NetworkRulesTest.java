package dev.vivarium.gui.sandbox;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NetworkRulesTest {
  private static Optional<String> rule(String name, int port, String protocol) {
    return NetworkRules.rule(
        new Statistics.Hosts(name, port, protocol, false, 1, 0, 0, new LatencyHistogram()));
  }

  @Test
  void anAttemptIsTheRuleThatWouldAllowIt() {
    assertEquals(Optional.of("example.org:443/tcp"), rule("example.org", 443, "tcp"));
    assertEquals(Optional.of("[2001:db8::1]:53/udp"), rule("2001:db8::1", 53, "udp"));
    assertEquals(Optional.of("example.org"), rule("example.org", 0, "dns"));
  }

  @Test
  void whatCanBeNoRuleIsNone() {
    assertEquals(Optional.empty(), rule("a b", 443, "tcp"));
    assertEquals(Optional.empty(), rule("", 443, "tcp"));
  }
}

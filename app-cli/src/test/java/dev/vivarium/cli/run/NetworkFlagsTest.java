package dev.vivarium.cli.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.cli.CliException;
import dev.vivarium.engine.NetworkSpec.PublishedPort;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NetworkFlagsTest {
  @Test
  void portsAreOnLoopbackUnlessSaidOtherwise() throws CliException {
    assertEquals(new PublishedPort("127.0.0.1", 8080, 80, false), NetworkFlags.port("8080:80"));
    assertEquals(new PublishedPort("127.0.0.1", 53, 5353, true), NetworkFlags.port("53:5353/udp"));
    assertEquals(
        new PublishedPort("0.0.0.0", 1, 65535, false), NetworkFlags.port("0.0.0.0:1:65535/tcp"));
    assertEquals(new PublishedPort("::1", 80, 80, false), NetworkFlags.port("[::1]:80:80"));
  }

  @Test
  void whatIsNoPortIsWrongUsage() {
    for (String wrong :
        List.of(
            "",
            "80",
            ":80",
            "80:",
            "0:80",
            "80:0",
            "65536:80",
            "80:80/sctp",
            "x:80",
            "a:80:80",
            "10.0.0.0/8:80:80",
            "::1:80:80",
            "[127.0.0.1]:80:80",
            "[::1:80:80",
            "-1:80",
            "80:80:80:80",
            "127.0.0.1:80")) {
      CliException e = assertThrows(CliException.class, () -> NetworkFlags.port(wrong), wrong);
      assertEquals(CliException.USAGE, e.exitCode(), wrong);
      assertTrue(String.valueOf(e.getMessage()).endsWith(": " + wrong), e.getMessage());
    }
  }
}

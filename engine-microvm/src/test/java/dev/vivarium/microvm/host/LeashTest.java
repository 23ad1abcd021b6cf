package dev.vivarium.microvm.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LeashTest {
  private static final int KILLED = 128 + 9;

  @Test
  void killsWhatItHolds() throws Exception {
    Process process = new ProcessBuilder("sleep", "100").start();
    Leash leash = new Leash(process);
    leash.hold();
    leash.kill();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    assertEquals(KILLED, process.exitValue());
    leash.kill();
  }

  @Test
  void letsGoOfWhatHasEnded() throws Exception {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    Leash leash = new Leash(process);
    leash.hold();
    leash.kill();
    assertEquals(0, process.exitValue());
  }
}

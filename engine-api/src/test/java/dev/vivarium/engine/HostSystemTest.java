package dev.vivarium.engine;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.vivarium.engine.EngineProbe.Level;
import dev.vivarium.engine.client.HostChecks;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostSystemTest {
  private static final HostSystem MAC = new HostSystem("Mac OS X", "aarch64");

  @Test
  void aSandboxIsRefusedInOneLineWhereNoEngineExists() {
    EngineException e = assertThrows(EngineException.class, MAC::requireEngines);
    assertEquals(
        "no engine runs on Mac OS X on aarch64; sandboxes need Linux on x86-64, also in a virtual"
            + " machine; images, profiles and reports work here",
        e.getMessage());
    assertThrows(EngineException.class, new HostSystem("Linux", "aarch64")::requireEngines);
    assertDoesNotThrow(new HostSystem("Linux", "amd64")::requireEngines);
  }

  @Test
  void elsewhereTheDoctorSpeaksOfNothingThatOnlyLinuxHas(@TempDir Path temp) {
    Map<String, String> environment =
        Map.of("XDG_RUNTIME_DIR", temp.toString(), "XDG_STATE_HOME", temp + "/state");
    var found = new HostChecks(environment, MAC, false).all();
    assertEquals(
        java.util.List.of("java", "system", "directories", "disk"),
        found.stream().map(EngineProbe.Finding::name).toList());
    assertEquals(Level.MISSING, found.get(1).level());
  }

  @Test
  void aPackageIsNotAskedForACompiler(@TempDir Path temp) {
    Map<String, String> environment = Map.of("XDG_RUNTIME_DIR", temp.toString(), "PATH", "");
    var linux = new HostSystem("Linux", "amd64");
    assertEquals(
        1L,
        new HostChecks(environment, linux, false)
            .all().stream().filter(f -> f.name().equals("gcc")).count());
    assertEquals(
        0L,
        new HostChecks(environment, linux, true)
            .all().stream().filter(f -> f.name().equals("gcc")).count());
  }
}

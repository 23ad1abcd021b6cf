package dev.vivarium.engine.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Where the JDK keeps what {@link Restored} changes. */
class RestoredTest {
  private static final String FOLDER = System.getProperty("user.dir");

  /** All of it as it was. */
  @AfterEach
  void adopt() throws IOException {
    Restored.adopt();
    assertEquals(FOLDER, Path.of("").toAbsolutePath().toString());
  }

  @Test
  void whatThisProcessHasIsWhatIsAdopted() throws IOException {
    Map<String, String> environment = Map.copyOf(System.getenv());
    long number = ProcessHandle.current().pid();
    Restored.adopt();
    assertEquals(environment, System.getenv());
    assertEquals(number, ProcessHandle.current().pid());
    assertEquals(ProcessHandle.of(number).orElseThrow(), ProcessHandle.current());
  }

  @Test
  void anotherEnvironmentIsSeenAndHandedOn() throws Exception {
    Restored.adoptEnvironment(List.of("PATH=/usr/bin:/bin", "A=1", "B=two=2", "A=later", "=odd"));
    assertEquals("1", System.getenv("A"));
    assertEquals("two=2", System.getenv().get("B"));
    assertNull(System.getenv("HOME"));
    ProcessBuilder changed = new ProcessBuilder("sh", "-c", "echo $A $B");
    changed.environment().put("B", "3");
    String said = new String(changed.start().getInputStream().readAllBytes(), UTF_8);
    assertEquals("1 3\n", said);
  }

  @Test
  void anotherFolderIsWherePathsBegin() {
    Restored.adoptFolder("/usr/share");
    assertEquals("/usr/share/x", Path.of("x").toAbsolutePath().toString());
    assertEquals("/usr/share/x", new File("x").getAbsolutePath());
    assertEquals("/usr/share", System.getProperty("user.dir"));
  }
}

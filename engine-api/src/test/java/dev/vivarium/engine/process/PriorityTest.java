package dev.vivarium.engine.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PriorityTest {
  private static final String STAT =
      "42 (a b) c) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 %d 1 0 1000 8000 200";

  @Test
  void aLowerPriorityIsGivenToTheSession(@TempDir Path process) throws Exception {
    Files.writeString(process.resolve("stat"), STAT.formatted(10));
    Files.writeString(process.resolve("autogroup"), "/autogroup-7 nice 0");
    Priority.keep(process);
    assertEquals("10", Files.readString(process.resolve("autogroup")));
  }

  @Test
  void theUsualOneChangesNothing(@TempDir Path process) throws Exception {
    Files.writeString(process.resolve("stat"), STAT.formatted(0));
    Files.writeString(process.resolve("autogroup"), "as it was");
    Priority.keep(process);
    assertEquals("as it was", Files.readString(process.resolve("autogroup")));
  }

  @Test
  void aKernelWithoutGroupsIsLeftAlone(@TempDir Path process) throws Exception {
    Files.writeString(process.resolve("stat"), STAT.formatted(10));
    Priority.keep(process);
    assertEquals(1, process.toFile().list().length);
  }
}

package dev.vivarium.engine.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamesTest {
  private static final int ROUNDS = 300;

  /** Each of two takes the name again and again; while one has it, nobody else gets it. */
  private static int take(Directories directories, String first) {
    int taken = 0;
    try {
      Names names = new Names(directories);
      for (int i = 0; i < ROUNDS; i++) {
        String id = first + String.format("%011x", i);
        Path run = Files.createDirectories(directories.run().resolve(id));
        if (names.claim("cyd", id)) {
          taken++;
          Thread.yield();
          assertEquals(Optional.of(id), names.find("cyd"));
          Files.delete(run);
          names.release("cyd", id);
        } else {
          Files.delete(run);
        }
      }
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return taken;
  }

  @Test
  void aNameThatIsReleasedWhileAnotherTakesItOverStaysTheOthers(@TempDir Path directory)
      throws Exception {
    Directories directories =
        new Directories(
            Files.createDirectory(directory.resolve("run")),
            Files.createDirectory(directory.resolve("state")));
    var one = CompletableFuture.supplyAsync(() -> take(directories, "a"));
    var other = CompletableFuture.supplyAsync(() -> take(directories, "b"));
    assertTrue(one.get() + other.get() > ROUNDS / 2);
    assertEquals(Optional.empty(), new Names(directories).find("cyd"));
  }
}

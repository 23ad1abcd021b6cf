package dev.vivarium.engine.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.process.SandboxMain;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Sandboxes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real spare processes, with the scripted engine in them. */
@Timeout(60)
class WarmSpareTest {
  @TempDir Path temp;
  private Directories directories;
  private WarmSpare spare;

  @BeforeEach
  void setUp() throws IOException {
    Path runtime = Files.createDirectory(temp.resolve("r"));
    directories =
        Directories.of(
            Map.of("XDG_RUNTIME_DIR", runtime.toString(), "XDG_STATE_HOME", temp + "/state"));
    SandboxLauncher launcher =
        new SandboxLauncher(
            List.of(
                "env",
                "XDG_RUNTIME_DIR=" + runtime,
                "XDG_STATE_HOME=" + temp + "/state",
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                SandboxMain.class.getName()));
    spare = new WarmSpare(launcher, directories, SandboxLauncher.Streams.NONE, "scripted");
  }

  @AfterEach
  void tearDown() {
    spare.close();
  }

  private static int run(WarmSpare.Taken taken, String... words) throws IOException {
    taken.start(
        new SandboxSpec(
            taken.id(),
            "test-" + taken.id(),
            "scripted",
            Optional.empty(),
            new SandboxSpec.Root.Host(),
            new SandboxSpec.ProcessSpec(List.of(words), Map.of(), "/", "", false, false),
            "box",
            List.of(),
            false,
            new SandboxSpec.Limits(0, 0, 0),
            Optional.empty(),
            Optional.empty()),
        new ControlMessage.Start(true, true, 0, 0));
    try (var connection = taken.connection()) {
      while (true) {
        if (connection.receive().orElseThrow() instanceof ControlMessage.Ended ended) {
          return ended.exitCode();
        }
      }
    }
  }

  @Test
  void aTakenSpareIsPreparedAndRunsWhatItIsTold() throws Exception {
    spare.refill();
    WarmSpare.Taken taken = spare.take();
    assertTrue(new Sandboxes(directories).list().isEmpty(), "no listing shows a spare");
    assertEquals(0, run(taken, "prepared"));
    assertEquals(1, new Sandboxes(directories).list().size());
  }

  @Test
  void eachIsHandedOutOnce() throws Exception {
    spare.refill();
    spare.refill();
    WarmSpare.Taken first = spare.take();
    WarmSpare.Taken second = spare.take();
    assertNotEquals(first.id(), second.id());
    assertEquals(3, run(first, "exit", "3"));
    assertEquals(4, run(second, "exit", "4"));
  }

  @Test
  void aSpareThatDiedIsReplaced() throws Exception {
    spare.refill();
    WarmSpare.Taken dead = spare.take();
    dead.process().destroyForcibly();
    dead.process().onExit().get(20, TimeUnit.SECONDS);
    dead.connection().close();
    spare.refill();
    WarmSpare.Taken taken = spare.take();
    assertEquals(5, run(taken, "exit", "5"));
  }

  @Test
  void closingLeavesNoProcessAndNoRunDirectory() throws Exception {
    spare.refill();
    // A taken one that is closed before it starts ends as well.
    WarmSpare.Taken taken = spare.take();
    spare.refill();
    spare.close();
    taken.connection().close();
    taken.process().onExit().get(20, TimeUnit.SECONDS);
    assertFalse(Files.exists(taken.run().path()));
    try (var left = Files.list(directories.run())) {
      assertEquals(List.of(), left.toList());
    }
  }
}

package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxHost;
import dev.vivarium.engine.SandboxSpec;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A whole sandbox that runs {@code true} and ends, for nothing but that everything has been loaded,
 * initialised and run once when the real one comes: half of a start is code that runs for the first
 * time.
 */
final class Rehearsal {
  private Rehearsal() {}

  /** Runs it; should it fail, the real one will say why. */
  static void run() {
    try {
      SentrySandbox.start(spec(), new Nowhere(), null).await();
    } catch (EngineException e) {
      // Not ours to tell.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static SandboxSpec spec() {
    return new SandboxSpec(
        "000000000000",
        "rehearsal",
        "sentry",
        Optional.empty(),
        new SandboxSpec.Root.Host(),
        new SandboxSpec.ProcessSpec(List.of("/bin/true"), Map.of(), "/", "", false, false),
        "rehearsal",
        List.of(),
        false,
        new SandboxSpec.Limits(0, 0, 0),
        Optional.empty(),
        Optional.empty());
  }

  /** Nothing of it is heard or kept. */
  private static final class Nowhere implements SandboxHost {
    @Override
    public Path runDirectory() {
      return Path.of("/nonexistent");
    }

    @Override
    public Stdio stdio() {
      return new Stdio.Streams(
          InputStream.nullInputStream(),
          OutputStream.nullOutputStream(),
          OutputStream.nullOutputStream(),
          false,
          0,
          0);
    }

    @Override
    public void log(String line) {
      // Not ours to tell.
    }
  }
}

package dev.vivarium.cli;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.client.SandboxLauncher;
import dev.vivarium.engine.client.WarmSpare;
import dev.vivarium.engine.control.ControlMessage;
import dev.vivarium.engine.state.Directories;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How long {@code true} takes from a client that keeps a spare process, from handing over the
 * specification to the sandbox's end. Run by {@code viv-bench}; prints nanoseconds, a line each.
 */
public final class WarmBenchmark {
  private static final long PAUSE_MILLIS = 1500;

  private WarmBenchmark() {}

  /** Takes the number of rounds; the first, in which this client itself is cold, is not printed. */
  public static void main(String[] args) throws EngineException, IOException, InterruptedException {
    Directories directories = Directories.of(System.getenv());
    try (WarmSpare spare =
        new WarmSpare(
            SandboxLauncher.installed(), directories, SandboxLauncher.Streams.NONE, "sentry")) {
      for (int round = 0; round <= Integer.parseInt(args[0]); round++) {
        spare.refill();
        Thread.sleep(PAUSE_MILLIS);
        long begun = System.nanoTime();
        int code = runTrue(spare.take());
        long nanos = System.nanoTime() - begun;
        if (code != 0) {
          throw new IOException("true ended with " + code);
        }
        if (round > 0) {
          System.out.println(nanos);
        }
      }
    }
  }

  private static int runTrue(WarmSpare.Taken taken) throws IOException {
    SandboxSpec spec =
        new SandboxSpec(
            taken.id(),
            "warm-" + taken.id(),
            "sentry",
            Optional.empty(),
            new SandboxSpec.Root.Host(),
            new SandboxSpec.ProcessSpec(List.of("/bin/true"), Map.of(), "/", "", false, false),
            taken.id(),
            List.of(),
            false,
            new SandboxSpec.Limits(0, 0, 0),
            Optional.empty(),
            Optional.empty());
    taken.start(spec, new ControlMessage.Start(true, false, 0, 0));
    try (var connection = taken.connection()) {
      int code = -1;
      Optional<ControlMessage> message = connection.receive();
      while (message.isPresent()) {
        if (message.get() instanceof ControlMessage.Ended ended) {
          code = ended.exitCode();
        }
        message = connection.receive();
      }
      return code;
    }
  }
}

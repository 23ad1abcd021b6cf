package dev.vivarium.cli;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.Engines;
import dev.vivarium.engine.process.Preparation;
import dev.vivarium.engine.process.Restored;
import dev.vivarium.engine.process.SandboxMain;
import dev.vivarium.image.store.ImageStore;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The process that a checkpoint is made of, and the beginning of each that goes on from it: {@link
 * Main} or {@link SandboxMain} without the start of a JVM (decision 0046). Started by {@code
 * checkpoints.c}.
 */
public final class CheckpointMain {
  /** Parsed, and refused for one wrong value. */
  private static final String[] REFUSED = {
    "run", "--rm", "-i", "-e", "A=B", "-v", "/usr:/usr:ro", "--timeout", "no time", "host", "true"
  };

  /** Looked for in the store, and not found. */
  private static final String[] NOT_THERE = {"run", "--pull", "never", "no-such-image", "true"};

  /** So that what a command line needs is compiled. */
  private static final int ROUNDS = 30;

  private CheckpointMain() {}

  /** Arguments: the checkpoint's path, and our jar's. */
  public static void main(String[] args) throws IOException, EngineException {
    Preparation.run();
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    Context context = new Context(nowhere, nowhere, System.getenv());
    for (int i = 0; i < ROUNDS; i++) {
      new Dispatcher(context).run(REFUSED);
      if (Files.exists(ImageStore.defaultRoot())) {
        new Dispatcher(context).run(NOT_THERE);
      }
    }
    Engines.byName("sentry").checkpoint(Path.of(args[0]), Path.of(args[1]));
    Restored.adopt();
    goOn(Restored.commandLine());
  }

  /** As java would with this command line; which class a sandbox's process has, a file says. */
  private static void goOn(List<String> line) {
    int main = line.indexOf(Main.class.getName());
    if (main >= 0) {
      Main.main(line.subList(main + 1, line.size()).toArray(String[]::new));
    } else {
      SandboxMain.main(new String[] {line.get(line.size() - 1)});
    }
  }
}

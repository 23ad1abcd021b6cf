package dev.vivarium.engine.process;

import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.SandboxId;
import java.io.IOException;

/** {@code vivarium-sandbox ID}: the process of one sandbox. */
public final class SandboxMain {
  private static final int FAILED = 125;

  private SandboxMain() {}

  /** Runs the sandbox; the process ends with its command's exit code. */
  public static void main(String[] args) {
    Priority.keep();
    Preparation.begin();
    int code = run(args);
    // Not System.exit: nothing is left to be run, and waiting for daemon threads is no use.
    Runtime.getRuntime().halt(code);
  }

  /** Returns only if there was no sandbox to run. */
  private static int run(String[] args) {
    if (args.length != 1 || !SandboxId.isValid(args[0])) {
      System.err.println("viv: wrong usage: vivarium-sandbox ID; it is started by viv run");
      return 2;
    }
    Directories directories;
    try {
      directories = Directories.of(System.getenv());
    } catch (IOException e) {
      // The client looks for the same directories and says the same.
      return FAILED;
    }
    try {
      SandboxProcess process = new SandboxProcess(directories, args[0]);
      int code = process.run();
      process.end(code);
      return code;
    } catch (IOException e) {
      System.err.println("viv: " + e.getMessage());
      return FAILED;
    } catch (ExceptionInInitializerError e) {
      // The JDK asks the host for things when it loads its classes. The client sees that this
      // process has ended, and says so.
      return FAILED;
    }
  }
}

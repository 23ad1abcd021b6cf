package dev.vivarium.engine.process;

import dev.vivarium.engine.client.SandboxLauncher;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;

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
      leaveWord(directories, args[0], e);
      return FAILED;
    } catch (ExceptionInInitializerError e) {
      // The JDK asks the host for things when it loads its classes.
      leaveWord(directories, args[0], e.getCause() instanceof Exception c ? c : new IOException(e));
      return FAILED;
    }
  }

  /** Tells the client, which sees that this process has ended, why. */
  private static void leaveWord(Directories directories, String id, Exception why) {
    try {
      Files.writeString(
          RunDirectory.of(directories, id).log(),
          SandboxLauncher.LAST_WORD + Reason.of(why) + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      // It has nowhere to say it.
    }
  }
}

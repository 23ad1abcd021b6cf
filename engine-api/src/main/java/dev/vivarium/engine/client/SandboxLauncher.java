package dev.vivarium.engine.client;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.Engines;
import dev.vivarium.engine.HostSystem;
import dev.vivarium.engine.control.ControlConnection;
import dev.vivarium.engine.state.Reason;
import dev.vivarium.engine.state.RunDirectory;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Starts sandbox processes, and connects to them. */
public final class SandboxLauncher {
  /** A JVM that has not made its socket after this long never will. */
  private static final long START_NANOS = 30_000_000_000L;

  private final List<String> command;

  /**
   * Makes one.
   *
   * @param command what runs {@code vivarium-sandbox}; the id is appended
   */
  public SandboxLauncher(List<String> command) {
    this.command = List.copyOf(command);
  }

  /**
   * The one of this installation: this process's own Java, with the arguments that the build wrote
   * to {@code sandbox.args} in the directory that {@code vivarium.home} names.
   */
  public static SandboxLauncher installed() throws EngineException {
    HostSystem.current().requireEngines();
    String home = System.getProperty("vivarium.home");
    if (home == null) {
      throw new EngineException(
          125, "cannot find the sandbox program: vivarium.home is not set; start with viv");
    }
    return new SandboxLauncher(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "@" + Path.of(home, "sandbox.args")));
  }

  /** The engine whose processes begin with a checkpoint, if there is one. */
  private static final String RESTORED = "sentry";

  /** The environment variable in which {@code launch.c} says where that is. */
  private static final String CHECKPOINT_VARIABLE = "VIVARIUM_CHECKPOINT_FILE";

  /**
   * The words with which a process begins in the middle, if there is a checkpoint of one; it begins
   * at the beginning by itself if that is of no use.
   */
  private static List<String> restored(String engine) {
    String checkpoint = System.getenv(CHECKPOINT_VARIABLE);
    String home = System.getProperty("vivarium.home");
    return !engine.equals(RESTORED) || checkpoint == null || home == null
        ? List.of()
        : List.of(
            Path.of(home, "native", "restore").toString(),
            checkpoint,
            Path.of(home, "vivarium.jar").toString());
  }

  /**
   * The environment variable that names the client's process: a sandbox process that is orphaned
   * before any client has connected to it ends by itself.
   */
  public static final String CLIENT_VARIABLE = "VIVARIUM_CLIENT";

  /** Begins the line in its log by which a process that cannot start says why. */
  public static final String LAST_WORD = "cannot start: ";

  /** The environment variable that names the engine to prepare before a client says what to run. */
  public static final String WARM_VARIABLE = "VIVARIUM_WARM";

  /**
   * What runs a command so that others go before it: with a third of the usual weight, so that it
   * still starts on a busy machine. A sandbox that it starts has that too.
   */
  public static final List<String> BEHIND = List.of("nice", "-n", "5");

  /** How a new process's standard streams are connected. */
  public enum Streams {
    /** To this process's own; standard input too. */
    INHERIT,
    /** To this process's own, but standard input is at its end. */
    INHERIT_OUTPUT,
    /** To nothing; what the process itself has to say goes to the sandbox's log. */
    NONE
  }

  /**
   * Starts the process of a sandbox, in a session of its own, so that the keys of this terminal
   * reach only its client.
   *
   * @param engine the sandbox's
   */
  public ProcessHandle start(RunDirectory run, Streams streams, String engine)
      throws EngineException {
    return start(run, streams, "", before(engine));
  }

  /**
   * The same, of a process that does not know yet what to run.
   *
   * @param warm the engine that it prepares while it waits to hear that, or empty
   */
  ProcessHandle startWarm(RunDirectory run, Streams streams, String warm) throws EngineException {
    return start(run, streams, warm, restored(warm));
  }

  /**
   * The same, for what is to leave the processors to whatever else wants them: without that it uses
   * them as any other.
   */
  public ProcessHandle startBehind(RunDirectory run, Streams streams, String engine)
      throws EngineException {
    List<String> with = new ArrayList<>(BEHIND);
    with.addAll(before(engine));
    return start(run, streams, "", with);
  }

  /** Whether only a process that was started for it can be the sandbox's, and this one cannot. */
  public static boolean wantsItsOwn(String engine) throws EngineException {
    return !startedBy(engine).isEmpty();
  }

  /** What comes before the words that start a process of an engine's. */
  private static List<String> before(String engine) throws EngineException {
    List<String> restored = restored(engine);
    return restored.isEmpty() ? startedBy(engine) : restored;
  }

  /** The sentry's is started by nothing, and in too much of a hurry to ask. */
  private static List<String> startedBy(String engine) throws EngineException {
    return engine.equals(RESTORED) ? List.of() : Engines.byName(engine).startedBy();
  }

  private ProcessHandle start(RunDirectory run, Streams streams, String warm, List<String> with)
      throws EngineException {
    List<String> line = new ArrayList<>();
    line.add("setsid");
    line.addAll(with);
    line.addAll(command);
    line.add(run.id());
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().put(CLIENT_VARIABLE, String.valueOf(ProcessHandle.current().pid()));
    builder.environment().put(WARM_VARIABLE, warm);
    // One heap of libc's for all threads, and what is free of it given back: 5 MiB less.
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "1");
    builder.environment().putIfAbsent("MALLOC_TRIM_THRESHOLD_", "131072");
    if (streams == Streams.INHERIT) {
      builder.redirectInput(ProcessBuilder.Redirect.INHERIT);
    } else {
      builder.redirectInput(new File("/dev/null"));
    }
    if (streams == Streams.NONE) {
      builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.redirectError(ProcessBuilder.Redirect.appendTo(run.log().toFile()));
    } else {
      builder.redirectOutput(ProcessBuilder.Redirect.INHERIT);
      builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    }
    try {
      if (streams == Streams.NONE) {
        run.create();
      }
      return builder.start().toHandle();
    } catch (IOException e) {
      throw new EngineException(
          125, "cannot start the sandbox's process: " + line.get(0) + ": " + Reason.of(e), e);
    }
  }

  /** Connects to a process that is about to make its socket. */
  public static ControlConnection await(RunDirectory run, ProcessHandle process)
      throws EngineException {
    long deadline = System.nanoTime() + START_NANOS;
    Path socket = run.controlSocket();
    while (true) {
      if (Files.exists(socket)) {
        try {
          return ControlConnection.connect(socket);
        } catch (IOException e) {
          throw new EngineException(
              125, "cannot speak with the sandbox: " + socket + ": " + e.getMessage(), e);
        }
      }
      if (hasEnded(process)) {
        throw new EngineException(
            125,
            "the sandbox's process ended before it could start"
                + lastWord(run)
                + "; viv doctor checks what it needs");
      }
      if (System.nanoTime() > deadline) {
        throw new EngineException(
            125, "the sandbox's process did not start within 30 s; is this machine overloaded?");
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new EngineException(125, "interrupted while the sandbox started", e);
      }
    }
  }

  /** Why a process ended before it could start, if it could say so: ": " and that. */
  private static String lastWord(RunDirectory run) {
    try (Stream<String> lines = Files.lines(run.log())) {
      return lines
          .filter(line -> line.startsWith(LAST_WORD))
          .map(line -> ": " + line.substring(LAST_WORD.length()))
          .findFirst()
          .orElse("");
    } catch (IOException | UncheckedIOException e) {
      return "";
    }
  }

  /** Gone, or a zombie, which a ProcessHandle takes for alive. */
  private static boolean hasEnded(ProcessHandle process) {
    try {
      String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      return stat.startsWith(" Z", stat.lastIndexOf(')') + 1);
    } catch (IOException e) {
      return true;
    }
  }
}

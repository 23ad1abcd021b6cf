package dev.vivarium.engine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What isolates a sandbox. Found by {@link java.util.ServiceLoader}; has a public constructor
 * without arguments.
 */
public interface Engine {
  /** sentry, microvm or native. */
  String name();

  /** Finds out, in at most a few seconds, whether this engine can run here. Changes nothing. */
  EngineProbe probe();

  /**
   * Does in this process what {@link #start} would do for any sandbox, before it is known which;
   * called at most once. What goes wrong here, {@code start} will find out and tell.
   */
  default void prepare() {}

  /**
   * Runs sandboxes in this process that nobody hears of, and then writes the process into a file,
   * from which others go on (decision 0046). Ends the process, with 0, or with 1 and a line on the
   * standard error stream; returns in each of those others.
   *
   * @param jar what we run from
   * @throws IOException if this engine has no way to do that, or not here
   */
  default void checkpoint(Path file, Path jar) throws IOException {
    throw new IOException("the engine " + name() + " makes no checkpoints");
  }

  /**
   * The words before those that start its process: a program that gives it what a JVM cannot give
   * itself. Empty if it needs none, or this process has that already and passes it on.
   */
  default List<String> startedBy() {
    return List.of();
  }

  /**
   * Starts the sandbox in this process, which is its own ({@code vivarium-sandbox ID}). Called
   * once.
   *
   * @throws EngineException if it cannot be started; nothing is left behind then
   */
  RunningSandbox start(SandboxSpec spec, SandboxHost host) throws EngineException;

  /**
   * Ends this process now; called last, when nothing is left to be done. {@link Runtime#halt} does
   * too, but waits up to 300 ms for threads that are in a host call, as those that listen are.
   */
  default void endProcess(int exitCode) {
    Runtime.getRuntime().halt(exitCode);
  }
}

package dev.vivarium.engine;

import java.io.IOException;
import java.io.OutputStream;

/** A sandbox that has been started. Methods may be called from any thread. */
public interface RunningSandbox {
  /**
   * Waits for the end of the sandbox's first process.
   *
   * @return how it ended
   * @throws EngineException if the engine itself failed (a lost stub, a broken gofer …)
   */
  ExitStatus await() throws EngineException, InterruptedException;

  /**
   * Waits for the same, but not for longer than a time; an engine that cannot tell does not wait.
   *
   * @return whether it has ended
   */
  default boolean endsWithin(long millis) throws InterruptedException {
    return false;
  }

  /** One line for the user about a run that is over; empty if there is nothing to say. */
  default String remark() {
    return "";
  }

  /**
   * Sends a signal to the first process; with a terminal, keyboard signals come through it instead.
   */
  void signal(int number);

  /** Tells the terminal its new size; nothing without one. */
  void resize(int rows, int columns);

  /**
   * Lets everything in it stand still, or go on again; its clocks go on.
   *
   * @throws EngineException if this engine cannot
   */
  default void pause(boolean still) throws EngineException {
    throw new EngineException(125, "its engine cannot pause it");
  }

  /** How the engine gets hold of system calls (systrap, ptrace …); empty if that says nothing. */
  default String platform() {
    return "";
  }

  /** For people: which of the walls around it this host could not give; empty if all stand. */
  default String degraded() {
    return "";
  }

  /**
   * Starts one more process: in a session of its own, nobody's child in there, and gone without a
   * trace when it ends. Returns once its program is loaded.
   *
   * @param streams its own; with a terminal, a new one
   * @throws EngineException if it cannot be started, or this engine cannot start any: the sandbox
   *     goes on
   */
  default RunningProcess exec(SandboxSpec.ProcessSpec process, SandboxHost.Stdio.Streams streams)
      throws EngineException, InterruptedException {
    throw new EngineException(125, "its engine cannot start more processes in it");
  }

  /** Ends everything now, as SIGKILL to every process. {@link #await} returns soon after. */
  void kill();

  /**
   * Writes what the sandbox has changed in its root so far, as the tar of a layer over its image.
   * The guest waits meanwhile.
   *
   * @throws EngineException if this engine cannot tell, or the root is no image's
   * @throws IOException if the changes cannot be read, or the stream fails
   */
  default void changes(OutputStream tar) throws EngineException, IOException, InterruptedException {
    visitChanges(changes -> changes.writeTo(tar));
  }

  /**
   * Shows somebody what the sandbox has changed in its root so far. The guest waits meanwhile.
   *
   * @throws EngineException if this engine cannot tell, or the root is no image's
   * @throws IOException if the changes cannot be read, or the visitor fails
   */
  default void visitChanges(SandboxHost.ChangesVisitor visitor)
      throws EngineException, IOException, InterruptedException {
    throw new EngineException(125, "its engine cannot tell what it changed");
  }
}

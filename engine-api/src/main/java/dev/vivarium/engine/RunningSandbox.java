package dev.vivarium.engine;

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

  /**
   * Sends a signal to the first process; with a terminal, keyboard signals come through it instead.
   */
  void signal(int number);

  /** Tells the terminal its new size; nothing without one. */
  void resize(int rows, int columns);

  /** Ends everything now, as SIGKILL to every process. {@link #await} returns soon after. */
  void kill();
}

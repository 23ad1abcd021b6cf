package dev.vivarium.engine;

/** A process that was started in a running sandbox. Methods may be called from any thread. */
public interface RunningProcess {
  /**
   * Waits for its end, and until all that it wrote has been handed on. The end of the sandbox is
   * its end by SIGKILL.
   */
  ExitStatus await() throws EngineException, InterruptedException;

  /** Sends it a signal; nothing once it has ended. */
  void signal(int number);

  /** Tells its terminal the new size; nothing without one. */
  void resize(int rows, int columns);
}

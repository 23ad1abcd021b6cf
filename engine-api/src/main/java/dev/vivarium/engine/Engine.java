package dev.vivarium.engine;

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
   * Starts the sandbox in this process, which is its own ({@code vivarium-sandbox ID}). Called
   * once.
   *
   * @throws EngineException if it cannot be started; nothing is left behind then
   */
  RunningSandbox start(SandboxSpec spec, SandboxHost host) throws EngineException;
}

package dev.vivarium.engine.process;

import dev.vivarium.engine.SandboxHost;
import java.io.IOException;

/**
 * What makes a sandbox a container of another manager's: it is created in one step, when it is
 * whole and nothing in it has run, and begins in another.
 */
public interface Container {
  /** It is created. */
  void created() throws IOException;

  /** Whether it was. */
  boolean isCreated();

  /** How its first process's standard streams are connected. */
  SandboxHost.Stdio stdio();
}

package dev.vivarium.engine;

import java.util.List;

/**
 * What an engine found out about this host.
 *
 * @param usable whether it can run a sandbox here
 * @param findings one per thing looked at
 */
public record EngineProbe(boolean usable, List<Finding> findings) {
  public EngineProbe {
    findings = List.copyOf(findings);
  }

  /**
   * One thing looked at.
   *
   * @param name short and stable: "user namespaces", "seccomp"
   * @param level how bad it is
   * @param detail what was found
   * @param remedy what the user can do, an exact command where there is one; empty if nothing
   */
  public record Finding(String name, Level level, String detail, String remedy) {}

  /** How much a finding matters. */
  public enum Level {
    OK,
    DEGRADED,
    MISSING
  }
}

package dev.vivarium.engine.open;

import java.util.List;

/** What the planner comes to. */
public sealed interface Planned {
  /** There is one way. */
  record Ready(OpenPlan plan) implements Planned {}

  /**
   * It is not clear how, or whether, it is meant to be run.
   *
   * @param why one line
   * @param ways that a person can choose from, the most harmless first; perhaps none
   */
  record Unsure(String why, List<OpenPlan> ways) implements Planned {
    public Unsure {
      ways = List.copyOf(ways);
    }
  }
}

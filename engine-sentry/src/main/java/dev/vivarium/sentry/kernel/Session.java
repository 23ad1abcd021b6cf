package dev.vivarium.sentry.kernel;

import org.jspecify.annotations.Nullable;

/** A session: process groups that share a controlling terminal. */
public final class Session {
  private final int id;

  /** The process that called setsid; null when it is gone. */
  @Nullable ThreadGroup leader;

  /** Null if it has none. */
  private @Nullable ControllingTerminal terminal;

  Session(int id) {
    this.id = id;
  }

  public int id() {
    return id;
  }

  public @Nullable ThreadGroup leader() {
    return leader;
  }

  public @Nullable ControllingTerminal controllingTerminal() {
    return terminal;
  }

  public void setControllingTerminal(@Nullable ControllingTerminal t) {
    terminal = t;
  }
}

package dev.vivarium.sentry.kernel;

import org.jspecify.annotations.Nullable;

/** The terminal of a session, as far as job control knows it. */
public interface ControllingTerminal {
  /** Device number, in Linux's {@code makedev} encoding. */
  long device();

  /** The foreground process group, or null if it has none. */
  @Nullable ProcessGroup foreground();

  void setForeground(@Nullable ProcessGroup group);

  /**
   * The session lets go of the terminal: its leader exited or asked for it (TIOCNOTTY). The kernel
   * sends the signals that belong to it.
   */
  void released();
}

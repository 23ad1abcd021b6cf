package dev.vivarium.engine.process;

import java.time.Duration;

/** Something that is done at a later time unless this process has ended by then. */
final class Alarm {
  private static final long STACK_BYTES = 256 << 10;

  private Alarm() {}

  /**
   * Sets one.
   *
   * @param name of its thread
   */
  static void set(String name, Duration after, Runnable action) {
    Thread thread =
        new Thread(
            null,
            () -> {
              try {
                Thread.sleep(after);
              } catch (InterruptedException e) {
                return;
              }
              action.run();
            },
            name,
            STACK_BYTES);
    thread.setDaemon(true);
    thread.start();
  }
}

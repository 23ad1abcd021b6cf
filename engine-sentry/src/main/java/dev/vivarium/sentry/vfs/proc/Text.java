package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.kernel.Task;
import org.jspecify.annotations.Nullable;

/** The content of a file of procfs or sysfs. */
@FunctionalInterface
public interface Text {
  /**
   * Builds the content, one byte per char.
   *
   * @param reader who asks
   * @return null if what it is about is gone (-ESRCH)
   */
  @Nullable String build(Task reader);

  /** Takes what a guest writes into such a file. */
  @FunctionalInterface
  interface Writer {
    /** Takes the text of one write(2); 0 or a negative errno. */
    long write(Task writer, String text);
  }
}

package dev.vivarium.sentry.vfs;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;

/** Lists the entries of a directory, for {@link DirectoryFile}. */
public interface DirectoryListing {
  /** Positions 0 and 1 are "." and ".."; entries of the directory itself begin here. */
  long FIRST_ENTRY = 2;

  /**
   * Emits the entries from a position on, without "." and "..", until the sink takes no more.
   *
   * @param position at least {@link #FIRST_ENTRY}; stays valid while entries come and go
   * @return the position of the first entry that was not taken (at the end: of the next to come);
   *     or a negative errno
   */
  long list(Task t, long position, DirSink sink);

  /** The DT_* of a mode. */
  static int typeOf(int mode) {
    return (mode & Stat.S_IFMT) >> 12;
  }
}

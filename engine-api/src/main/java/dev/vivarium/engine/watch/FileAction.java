package dev.vivarium.engine.watch;

import java.util.Locale;

/** What was done with a file; the place of a value is its number in the ring. */
public enum FileAction {
  /** Opened for reading only. */
  READ,
  /** Opened for writing. */
  WRITE,
  /** Opened, and not there before. */
  CREATE,
  DELETE,
  /** The payload has both paths. */
  RENAME,
  CHMOD,
  CHOWN,
  LINK,
  SYMLINK,
  MKDIR,
  RMDIR,
  MKNOD,
  TRUNCATE,
  MOUNT,
  /** Extended attributes, such as a file's capabilities. */
  ATTRIBUTE,
  /**
   * Closed by the last who had it open, after something was read or written by calls: the first two
   * arguments are how many bytes.
   */
  CLOSE;

  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}

package dev.vivarium.sentry.host;

/**
 * The way from Java to the host's kernel: {@link DirectCalls} where its little library can be
 * loaded, {@link JnrCalls} otherwise. Each method returns the result or a negative errno; addresses
 * are plain longs, and a caller that passes the address of a segment keeps that segment alive.
 */
interface HostCalls {
  /** Any system call. */
  long call(long nr, long a0, long a1, long a2, long a3, long a4, long a5);

  /**
   * Starts a program as {@link Spawn} promises.
   *
   * @param path address of its path
   * @param argv address of a NULL-terminated array of strings
   * @param envp address of another
   * @param fds address of {@code int}s: what becomes the child's 0, 1, 2 …; negative: closed
   * @param count how many they are
   * @return the process id or a negative errno
   */
  int spawn(long path, long argv, long envp, long fds, int count);

  /**
   * Confines this process; see {@link Walls}.
   *
   * @param rules address of a NULL-terminated array of strings
   * @param with bits of walls.h: what the sandbox has that needs more calls, and whether a host
   *     without Landlock is no reason to fail
   * @return 0, or what is missing as bits of walls.h, or a negative number that names the wall and
   *     an errno
   */
  long confine(long rules, int with);

  /**
   * Writes this process down; see {@link Checkpoint}.
   *
   * @param path address of the file's path
   * @param jar address of the path of what we run from
   * @return 0 in a process that goes on from it, or a negative errno
   */
  int checkpoint(long path, long jar);

  /** The faster of the two that works. */
  static HostCalls load() {
    HostCalls direct = DirectCalls.load();
    return direct != null ? direct : new JnrCalls();
  }
}

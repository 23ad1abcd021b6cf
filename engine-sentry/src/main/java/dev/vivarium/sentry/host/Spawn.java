package dev.vivarium.sentry.host;

import dev.vivarium.engine.memory.Fields;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/**
 * Starts native programs with chosen descriptors, which {@link ProcessBuilder} cannot.
 *
 * <p>The child is in a session of its own (Ctrl-C on the terminal is not for it), has every signal
 * at its default and none blocked, and has no descriptor but those it was given. It should end when
 * its socket reports the end of file: a parent-death signal would come already when the Java
 * <em>thread</em> that called this ends.
 */
public final class Spawn {
  /** Where the copies of the descriptors go meanwhile, so that no dup2 overwrites a later one. */
  private static final int ABOVE = 64;

  private Spawn() {}

  /**
   * Starts a program.
   *
   * @param program its path
   * @param argv its arguments, with its name first
   * @param env its whole environment
   * @param fds the sentry's descriptors that become the child's 0, 1, 2 …; a negative number leaves
   *     that descriptor closed
   * @return the process id, or a negative errno
   */
  public static int spawn(String program, List<String> argv, Map<String, String> env, int[] fds) {
    int made = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copies = arena.allocate(4L * Math.max(fds.length, 1), 4);
      try {
        for (int i = 0; i < fds.length; i++) {
          int copy = fds[i] < 0 ? -1 : Libc.fcntl(fds[i], Libc.F_DUPFD_CLOEXEC, ABOVE);
          if (fds[i] >= 0 && copy < 0) {
            return copy;
          }
          Fields.putInt(copies, 4L * i, copy);
          made = i + 1;
        }
        return Libc.CALLS.spawn(
            Fields.text(arena, program),
            strings(arena, argv),
            strings(
                arena, env.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList()),
            copies.address(),
            fds.length);
      } finally {
        for (int i = 0; i < made; i++) {
          int copy = Fields.getInt(copies, 4L * i);
          if (copy >= 0) {
            Libc.close(copy);
          }
        }
      }
    }
  }

  /** A NULL-terminated array of C strings. */
  private static long strings(Arena arena, List<String> values) {
    MemorySegment array = arena.allocate(8L * (values.size() + 1), 8);
    for (int i = 0; i < values.size(); i++) {
      Fields.putLong(array, 8L * i, Fields.text(arena, values.get(i)));
    }
    return array.address();
  }
}

package dev.vivarium.sentry.host;

import dev.vivarium.sentry.abi.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
  private static final int POSIX_SPAWN_SETSIGDEF = 0x04;
  private static final int POSIX_SPAWN_SETSIGMASK = 0x08;
  private static final int POSIX_SPAWN_SETSID = 0x80;

  // sizeof(posix_spawn_file_actions_t) is 80 and sizeof(posix_spawnattr_t) 336 in glibc.
  private static final int ACTIONS_SIZE = 256;
  private static final int ATTRIBUTES_SIZE = 512;
  private static final int SIGSET_SIZE = 128;

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
    int[] copies = new int[fds.length];
    int made = 0;
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < fds.length; i++) {
        copies[i] = fds[i] < 0 ? -1 : Libc.fcntl(fds[i], Libc.F_DUPFD_CLOEXEC, ABOVE);
        if (fds[i] >= 0 && copies[i] < 0) {
          return copies[i];
        }
        made = i + 1;
      }
      return spawn(arena, program, argv, env, copies);
    } finally {
      for (int i = 0; i < made; i++) {
        if (copies[i] >= 0) {
          Libc.close(copies[i]);
        }
      }
    }
  }

  private static int spawn(
      Arena arena, String program, List<String> argv, Map<String, String> env, int[] fds) {
    MemorySegment actions = arena.allocate(ACTIONS_SIZE, 16);
    MemorySegment attributes = arena.allocate(ATTRIBUTES_SIZE, 16);
    MemorySegment noSignals = arena.allocate(SIGSET_SIZE, 16);
    MemorySegment allSignals = arena.allocate(SIGSET_SIZE, 16);
    // The kernel and libc ignore the bits of SIGKILL, SIGSTOP and libc's own signals.
    allSignals.fill((byte) 0xff);
    MemorySegment pid = arena.allocate(4, 4);

    Libc.Functions c = Libc.C;
    int r = c.posix_spawn_file_actions_init(actions.address());
    if (r != 0) {
      return -r;
    }
    r = c.posix_spawnattr_init(attributes.address());
    for (int i = 0; i < fds.length && r == 0; i++) {
      if (fds[i] >= 0) {
        r = c.posix_spawn_file_actions_adddup2(actions.address(), fds[i], i);
      }
    }
    // A negative entry must not let through what the sentry has at that number; those of a JVM are
    // close-on-exec, and its standard three are given or closed here.
    for (int i = 0; i < Math.max(fds.length, 3) && r == 0; i++) {
      if (i >= fds.length || fds[i] < 0) {
        r = c.posix_spawn_file_actions_addclose(actions.address(), i);
      }
    }
    if (r == 0) {
      r = c.posix_spawn_file_actions_addclosefrom_np(actions.address(), Math.max(fds.length, 3));
    }
    if (r == 0) {
      c.posix_spawnattr_setsigmask(attributes.address(), noSignals.address());
      c.posix_spawnattr_setsigdefault(attributes.address(), allSignals.address());
      r =
          c.posix_spawnattr_setflags(
              attributes.address(),
              (short) (POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID));
    }
    if (r == 0) {
      r =
          c.posix_spawn(
              pid.address(),
              arena.allocateFrom(program).address(),
              actions.address(),
              attributes.address(),
              strings(arena, argv),
              strings(
                  arena,
                  env.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList()),
              0);
    }
    c.posix_spawn_file_actions_destroy(actions.address());
    c.posix_spawnattr_destroy(attributes.address());
    return r == 0 ? pid.get(ValueLayout.JAVA_INT, 0) : -Math.max(r, Errno.EPERM);
  }

  /** A NULL-terminated array of C strings. */
  private static long strings(Arena arena, List<String> values) {
    MemorySegment array = arena.allocate(8L * (values.size() + 1), 8);
    for (int i = 0; i < values.size(); i++) {
      array.setAtIndex(ValueLayout.JAVA_LONG, i, arena.allocateFrom(values.get(i)).address());
    }
    return array.address();
  }
}

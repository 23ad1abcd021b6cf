package dev.vivarium.sentry.host;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/** Host calls through jnr-ffi, where the library of {@link DirectCalls} cannot be loaded. */
final class JnrCalls implements HostCalls {
  private static final short POSIX_SPAWN_SETSIGDEF = 0x04;
  private static final short POSIX_SPAWN_SETSIGMASK = 0x08;
  private static final short POSIX_SPAWN_SETSID = 0x80;

  // sizeof(posix_spawn_file_actions_t) is 80 and sizeof(posix_spawnattr_t) 336 in glibc.
  private static final int ACTIONS_SIZE = 256;
  private static final int ATTRIBUTES_SIZE = 512;
  private static final int SIGSET_SIZE = 128;

  /**
   * Functions of libc as they are. Public only because jnr-ffi implements it from a class loader of
   * its own.
   *
   * <p>No function here has exactly six parameters: the x86-64 stubs that jnr-ffi 2.2.18 makes for
   * those pass garbage as the sixth. Those with up to five, and with seven (another code path), are
   * right.
   */
  public interface Functions {
    long syscall(long nr, long a0, long a1, long a2, long a3, long a4, long a5);

    // The last parameter is there for jnr-ffi, see above; C callees do not see it.
    int posix_spawn(
        long pid, long path, long actions, long attributes, long argv, long envp, long none);

    int posix_spawn_file_actions_init(long actions);

    int posix_spawn_file_actions_adddup2(long actions, int fd, int newFd);

    int posix_spawn_file_actions_addclose(long actions, int fd);

    int posix_spawn_file_actions_addclosefrom_np(long actions, int from);

    int posix_spawn_file_actions_destroy(long actions);

    int posix_spawnattr_init(long attributes);

    int posix_spawnattr_setflags(long attributes, short flags);

    int posix_spawnattr_setsigmask(long attributes, long set);

    int posix_spawnattr_setsigdefault(long attributes, long set);

    int posix_spawnattr_destroy(long attributes);
  }

  private final Functions c = LibraryLoader.create(Functions.class).load("c");
  private final Runtime runtime = Runtime.getRuntime(c);

  @Override
  public long call(long nr, long a0, long a1, long a2, long a3, long a4, long a5) {
    long result = c.syscall(nr, a0, a1, a2, a3, a4, a5);
    return result == -1 ? -runtime.getLastError() : result;
  }

  /** Needs the library of {@link DirectCalls}: signal handlers of ours. */
  @Override
  public long confine(long rules, int with) {
    return -Errno.ENOSYS;
  }

  /** Needs that library too. */
  @Override
  public int checkpoint(long path, long jar) {
    return -Errno.ENOSYS;
  }

  @Override
  public int spawn(long path, long argv, long envp, long fds, int count) {
    MemorySegment given = MemorySegment.ofAddress(fds).reinterpret(4L * count);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment actions = arena.allocate(ACTIONS_SIZE, 16);
      MemorySegment attributes = arena.allocate(ATTRIBUTES_SIZE, 16);
      MemorySegment pid = arena.allocate(4, 4);
      int r = c.posix_spawn_file_actions_init(actions.address());
      if (r != 0) {
        return -r;
      }
      r = c.posix_spawnattr_init(attributes.address());
      for (int i = 0; i < count && r == 0; i++) {
        int fd = Fields.getInt(given, 4L * i);
        if (fd >= 0) {
          r = c.posix_spawn_file_actions_adddup2(actions.address(), fd, i);
        }
      }
      // A negative entry must not let through what the sentry has at that number.
      for (int i = 0; i < Math.max(count, 3) && r == 0; i++) {
        if (i >= count || Fields.getInt(given, 4L * i) < 0) {
          r = c.posix_spawn_file_actions_addclose(actions.address(), i);
        }
      }
      if (r == 0) {
        r = c.posix_spawn_file_actions_addclosefrom_np(actions.address(), Math.max(count, 3));
      }
      if (r == 0) {
        r = spawn(arena, path, argv, envp, actions.address(), attributes.address(), pid.address());
      }
      c.posix_spawn_file_actions_destroy(actions.address());
      c.posix_spawnattr_destroy(attributes.address());
      return r == 0 ? Fields.getInt(pid, 0) : -Math.max(r, Errno.EPERM);
    }
  }

  private int spawn(
      Arena arena, long path, long argv, long envp, long actions, long attributes, long pid) {
    MemorySegment noSignals = arena.allocate(SIGSET_SIZE, 16);
    MemorySegment allSignals = arena.allocate(SIGSET_SIZE, 16);
    // The kernel and libc ignore the bits of SIGKILL, SIGSTOP and libc's own signals.
    allSignals.fill((byte) 0xff);
    c.posix_spawnattr_setsigmask(attributes, noSignals.address());
    c.posix_spawnattr_setsigdefault(attributes, allSignals.address());
    int r =
        c.posix_spawnattr_setflags(
            attributes,
            (short) (POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID));
    return r != 0 ? r : c.posix_spawn(pid, path, actions, attributes, argv, envp, 0);
  }
}

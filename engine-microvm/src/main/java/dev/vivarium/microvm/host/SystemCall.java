package dev.vivarium.microvm.host;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * syscall(2): through a library of ours (host.c) where that is installed, since what
 * java.lang.foreign needs for the first call are thirty classes made at run time; else through
 * that. One object belongs to one thread.
 */
final class SystemCall {
  private static final boolean DIRECT = load();

  private final @Nullable ForeignCall foreign;

  /**
   * @param arena of what it needs; closed when it is not used any more
   */
  SystemCall(Arena arena) {
    foreign = DIRECT ? null : new ForeignCall(arena);
  }

  private static boolean load() {
    Path library = NativePrograms.installed(ShimWalls.LIBRARY);
    if (!Files.isRegularFile(library)) {
      return false;
    }
    try {
      System.load(library.toString());
      return true;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }

  /** What the call returns, or a negative errno. */
  long call(int number, long a, long b, long c, long d, long e, long f) {
    return foreign == null
        ? call0(number, a, b, c, d, e, f)
        : foreign.call(number, a, b, c, d, e, f);
  }

  private static native long call0(long nr, long a, long b, long c, long d, long e, long f);
}

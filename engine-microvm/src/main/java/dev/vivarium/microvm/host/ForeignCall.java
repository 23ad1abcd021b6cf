package dev.vivarium.microvm.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** syscall(2), through java.lang.foreign. One object belongs to one thread. */
final class ForeignCall {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_VALUE =
      ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_LONG),
          Linker.Option.captureCallState("errno"),
          Linker.Option.firstVariadicArg(1));

  private final MemorySegment errno;

  /**
   * @param arena of what it needs; closed when it is not used any more
   */
  ForeignCall(Arena arena) {
    errno = arena.allocate(ERRNO);
  }

  /** What the call returns, or a negative errno. */
  long call(int number, long a, long b, long c, long d, long e, long f) {
    try {
      long result = (long) SYSCALL.invokeExact(errno, (long) number, a, b, c, d, e, f);
      return result >= 0 ? result : -(int) ERRNO_VALUE.get(errno, 0L);
    } catch (Error failed) {
      // Such as that memory which somebody else had is gone, noticed here.
      throw failed;
    } catch (Throwable failed) {
      throw new IllegalStateException(failed);
    }
  }
}

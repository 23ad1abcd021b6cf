package dev.vivarium.sentry.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Both ways to the host's kernel do the same. */
final class HostCallsTest {
  static Stream<HostCalls> both() {
    DirectCalls direct = DirectCalls.load();
    assertNotNull(direct, "the library that the build makes can be loaded");
    return Stream.of(direct, new JnrCalls());
  }

  @ParameterizedTest
  @MethodSource("both")
  void resultsAndErrorsAreTheKernels(HostCalls calls) {
    assertEquals(ProcessHandle.current().pid(), calls.call(Sys.GETPID, 0, 0, 0, 0, 0, 0));
    assertEquals(-Errno.EBADF, calls.call(Sys.CLOSE, -1, 0, 0, 0, 0, 0));
    assertEquals(-Errno.ESRCH, calls.call(Sys.KILL, Integer.MAX_VALUE, 0, 0, 0, 0, 0));
  }

  @ParameterizedTest
  @MethodSource("both")
  void allSixArgumentsArrive(HostCalls calls) {
    // Only with its sixth argument, the offset, is this mmap refused.
    assertEquals(-Errno.EINVAL, calls.call(Sys.MMAP, 0, 8192, 3, 0x22, -1, 1));
    long address = calls.call(Sys.MMAP, 0, 8192, 3, 0x22, -1, 0);
    assertTrue(address > 0, () -> "errno " + -address);
    assertEquals(0, calls.call(Sys.MUNMAP, address, 8192, 0, 0, 0, 0));
  }

  @ParameterizedTest
  @MethodSource("both")
  void aProgramStartsWithItsDescriptorsAndVariables(HostCalls calls) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment none = arena.allocate(12, 4);
      none.fill((byte) 0xff);
      int pid =
          calls.spawn(
              arena.allocateFrom("/bin/sh").address(),
              strings(arena, "sh", "-c", "exit $(($X + $(ls /proc/self/fd 2>&1 | wc -l)))"),
              strings(arena, "X=40", "PATH=/usr/bin:/bin"),
              none.address(),
              3);
      assertTrue(pid > 0, () -> "errno " + -pid);
      MemorySegment status = arena.allocate(4, 4);
      assertEquals(pid, calls.call(Sys.WAIT4, pid, status.address(), 0, 0, 0, 0));
      int code = status.get(ValueLayout.JAVA_INT, 0) >> 8;
      // At least what "ls" itself has open, and nothing of this JVM's many.
      assertTrue(code > 40 && code < 46, () -> "exit code " + code);
      assertEquals(
          -Errno.ENOENT,
          calls.spawn(
              arena.allocateFrom("/nonexistent").address(),
              strings(arena, "x"),
              strings(arena),
              none.address(),
              3));
    }
  }

  private static long strings(Arena arena, String... values) {
    MemorySegment array = arena.allocate(8L * (values.length + 1), 8);
    for (int i = 0; i < values.length; i++) {
      array.setAtIndex(ValueLayout.JAVA_LONG, i, arena.allocateFrom(values[i]).address());
    }
    return array.address();
  }
}

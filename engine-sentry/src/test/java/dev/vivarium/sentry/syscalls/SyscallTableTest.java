package dev.vivarium.sentry.syscalls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.sentry.abi.Errno;
import org.junit.jupiter.api.Test;

class SyscallTableTest {
  private final SyscallTable table =
      new SyscallTable.Builder()
          .full(1, "there", (t, a0, a1, a2, a3, a4, a5) -> 7)
          .unsupported(2, "missing", "Not there.")
          .unsupported(3, "tried", "Programs do without.")
          .probed()
          .absent(4, "old", "Not in Linux.")
          .build();

  @SuppressWarnings("NullAway")
  private long call(int number) {
    return table.call(null, number, 0, 0, 0, 0, 0, 0);
  }

  @Test
  void unsupportedCallsAreCountedAndNamed() {
    assertEquals(7, call(1));
    assertEquals("", table.missed(false));
    assertEquals(-Errno.ENOSYS, call(2));
    assertEquals(-Errno.ENOSYS, call(2));
    assertEquals(
        "system calls that a sandbox does not support were made: missing (2)", table.missed(false));
  }

  @Test
  void whatProgramsOnlyTryIsNamedWhenTheRunFailed() {
    assertEquals(-Errno.ENOSYS, call(3));
    assertEquals(-Errno.ENOSYS, call(4));
    assertEquals(-Errno.ENOSYS, call(400));
    assertEquals(-Errno.ENOSYS, call(100_000));
    assertEquals(-Errno.ENOSYS, call(-1));
    assertEquals("", table.missed(false));
    assertEquals(
        "system calls that a sandbox does not support were made: tried (1)", table.missed(true));
  }
}

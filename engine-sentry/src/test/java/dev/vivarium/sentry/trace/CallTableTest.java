package dev.vivarium.sentry.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.syscalls.SyscallTable;
import dev.vivarium.sentry.syscalls.SyscallTables;
import org.junit.jupiter.api.Test;

/** What calls are called when they are shown is what the sentry calls them. */
class CallTableTest {
  private final CallTable table = CallTable.get();

  @Test
  void everyCallOfTheSentryHasARowUnderTheSameName() {
    for (SyscallTable.Entry e : SyscallTables.linux().entries()) {
      assertEquals(e.name(), table.name(e.number()), "call " + e.number());
      assertTrue(table.call(e.number()).isPresent(), "call " + e.number());
      assertTrue(e.number() < CallWatcher.CALLS);
    }
    assertEquals(SyscallTables.linux().entries().size(), table.all().size());
  }

  @Test
  void errorsHaveTheSentrysNames() {
    for (int errno = 1; errno <= 132; errno++) {
      String ours = table.errnoName(errno);
      if (ours.startsWith("E") && Errno.name(errno).startsWith("E")) {
        assertEquals(Errno.name(errno), ours, "errno " + errno);
      }
    }
    assertEquals("ENOENT", table.errnoName(Errno.ENOENT));
  }
}

package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Task;

/** membarrier: memory barriers on all threads of a process, or of the sandbox. */
final class SysMembarrier {
  // linux/membarrier.h
  private static final int QUERY = 0;
  private static final int GLOBAL = 1;
  private static final int GLOBAL_EXPEDITED = 1 << 1;
  private static final int REGISTER_GLOBAL_EXPEDITED = 1 << 2;
  private static final int PRIVATE_EXPEDITED = 1 << 3;
  private static final int REGISTER_PRIVATE_EXPEDITED = 1 << 4;
  private static final int GET_REGISTRATIONS = 1 << 9;

  private static final int ALL =
      GLOBAL
          | GLOBAL_EXPEDITED
          | REGISTER_GLOBAL_EXPEDITED
          | PRIVATE_EXPEDITED
          | REGISTER_PRIVATE_EXPEDITED
          | GET_REGISTRATIONS;

  private SysMembarrier() {}

  static void register(SyscallTable.Builder b) {
    b.partial(
        Sys.MEMBARRIER,
        "membarrier",
        SysMembarrier::membarrier,
        "The commands with SYNC_CORE and RSEQ are refused with EINVAL, and the query says so.");
  }

  static long membarrier(Task t, long command, long flags, long cpu, long a3, long a4, long a5) {
    if ((int) flags != 0) {
      return -Errno.EINVAL;
    }
    switch ((int) command) {
      case QUERY -> {
        return ALL;
      }
      case GLOBAL -> t.kernel().guestBarrier().await(t, mm -> true);
      case GLOBAL_EXPEDITED ->
          t.kernel().guestBarrier().await(t, mm -> (mm.barriers & REGISTER_GLOBAL_EXPEDITED) != 0);
      case PRIVATE_EXPEDITED -> {
        if ((t.mm.barriers & REGISTER_PRIVATE_EXPEDITED) == 0) {
          return -Errno.EPERM;
        }
        t.kernel().guestBarrier().await(t, mm -> mm == t.mm);
      }
      case REGISTER_GLOBAL_EXPEDITED, REGISTER_PRIVATE_EXPEDITED -> t.mm.barriers |= (int) command;
      case GET_REGISTRATIONS -> {
        return t.mm.barriers;
      }
      default -> {
        return -Errno.EINVAL;
      }
    }
    return 0;
  }
}

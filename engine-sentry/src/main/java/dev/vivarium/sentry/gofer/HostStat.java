package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The times of an open file of the host: fstat(2), which needs no gofer. On the kernel thread. */
final class HostStat {
  // struct stat (asm/stat.h)
  private static final int SIZE = 144;
  private static final int ATIME = 72;
  private static final int CTIME = 104;

  private final MemorySegment buffer = Arena.ofAuto().allocate(SIZE, 8);

  /** Asks the host; false if it does not tell. */
  boolean read(int fd) {
    return Libc.syscall(Sys.FSTAT, fd, buffer.address(), 0, 0, 0, 0) == 0;
  }

  long atimeNanos() {
    return time(ATIME);
  }

  long ctimeNanos() {
    return time(CTIME);
  }

  private long time(int at) {
    return Fields.getLong(buffer, at) * 1_000_000_000L + Fields.getLong(buffer, at + 8);
  }
}

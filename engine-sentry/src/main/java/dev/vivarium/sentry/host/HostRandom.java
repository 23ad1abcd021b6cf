package dev.vivarium.sentry.host;

import dev.vivarium.sentry.abi.Sys;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Random bytes of the host's generator, by getrandom(2): no file is opened. */
public final class HostRandom {
  private HostRandom() {}

  /** Fills the first {@code length} bytes. */
  public static void fill(byte[] target, int length) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(Math.max(length, 1));
      int done = 0;
      while (done < length) {
        long n = Libc.syscall(Sys.GETRANDOM, buffer.address() + done, length - done, 0, 0, 0, 0);
        if (n <= 0) {
          throw new IllegalStateException("the host gives no random bytes: errno " + -n);
        }
        done += (int) n;
      }
      MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, target, 0, length);
    }
  }
}

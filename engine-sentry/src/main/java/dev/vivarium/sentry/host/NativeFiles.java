package dev.vivarium.sentry.host;

import dev.vivarium.sentry.abi.Errno;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The native programs that travel in the jar, as descriptors that can be executed. */
public final class NativeFiles {
  private static final int O_RDONLY = 0;

  private NativeFiles() {}

  /**
   * Opens a program of the jar's {@code native} folder, as a file in memory that nobody can write
   * any more.
   *
   * @return a close-on-exec descriptor
   */
  public static int open(String name) {
    byte[] content;
    try (InputStream in = NativeFiles.class.getResourceAsStream("/native/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks native/" + name + ": build it again");
      }
      content = in.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read native/" + name + " in the jar", e);
    }
    int writable = check(Libc.memfdCreate("vivarium-" + name, Libc.MFD_CLOEXEC), name);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(content.length);
      MemorySegment.copy(content, 0, buffer, ValueLayout.JAVA_BYTE, 0, content.length);
      long done = 0;
      while (done < content.length) {
        done +=
            check((int) Libc.write(writable, buffer.address() + done, content.length - done), name);
      }
      // A file that is open for writing cannot be executed (ETXTBSY).
      return check(Libc.open("/proc/self/fd/" + writable, O_RDONLY), name);
    } finally {
      Libc.close(writable);
    }
  }

  private static int check(int result, String name) {
    if (result < 0) {
      throw new IllegalStateException("cannot load native/" + name + ": " + Errno.name(-result));
    }
    return result;
  }
}

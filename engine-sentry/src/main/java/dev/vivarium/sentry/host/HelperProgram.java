package dev.vivarium.sentry.host;

import dev.vivarium.sentry.abi.Errno;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One of our native programs beside the sentry, with a SOCK_SEQPACKET socket to us as descriptor 0
 * and what it complains of before it is confined as descriptor 2.
 *
 * @param pid of it
 * @param socket our end, the caller's to close
 * @param complaints where a line can be read if it ends at once; the caller's to close
 */
public record HelperProgram(int pid, int socket, int complaints) {
  private static final int LINE = 1024;

  /**
   * Starts one.
   *
   * @param program its name among the native programs; it is called vivarium-NAME
   * @throws IOException with a line for the user
   */
  public static HelperProgram start(String program, List<String> arguments) throws IOException {
    int[] requests = pair(program, Libc.SOCK_SEQPACKET);
    int[] complaints = {-1, -1};
    int file = -1;
    int pid = 0;
    try {
      complaints = pair(program, Libc.SOCK_STREAM);
      file = NativeFiles.open(program);
      List<String> argv = new ArrayList<>();
      argv.add("vivarium-" + program);
      argv.addAll(arguments);
      int[] descriptors = {requests[1], -1, complaints[1], file};
      pid = Spawn.spawn("/proc/self/fd/3", argv, Map.of(), descriptors);
      if (pid < 0) {
        throw new IOException(
            "cannot start the " + program + ": " + Errno.name(-pid) + "; see viv doctor");
      }
      return new HelperProgram(pid, requests[0], complaints[0]);
    } finally {
      close(file);
      close(requests[1]);
      close(complaints[1]);
      if (pid <= 0) {
        close(requests[0]);
        close(complaints[0]);
      }
    }
  }

  private static int[] pair(String program, int type) throws IOException {
    int[] fds = new int[2];
    int r = Libc.socketpair(Libc.AF_UNIX, type, fds);
    if (r < 0) {
      throw new IOException("cannot make a socket for the " + program + ": " + Errno.name(-r));
    }
    return fds;
  }

  private static void close(int fd) {
    if (fd >= 0) {
      Libc.close(fd);
    }
  }

  /** What it said of why it ended, without its name; empty if nothing. */
  public static String complaint(int complaints) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(LINE);
      long n = Libc.read(complaints, buffer.address(), LINE);
      byte[] bytes = n <= 0 ? new byte[0] : buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
      return new String(bytes, StandardCharsets.UTF_8).strip().replaceFirst("^[a-z]+: ", "");
    }
  }
}

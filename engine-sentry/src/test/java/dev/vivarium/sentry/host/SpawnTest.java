package dev.vivarium.sentry.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.sentry.abi.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SpawnTest {
  @Test
  void givesTheChildItsDescriptorsInOrderEvenWhenTheyOverlap() {
    int[] a = pair();
    int[] b = pair();
    // The child's 1 is a, its 2 is b, and it has no 0 and nothing above 2.
    int pid =
        Spawn.spawn(
            "/bin/sh",
            List.of("sh", "-c", "echo out $X; echo err >&2; exec ls /proc/self/fd"),
            Map.of("X", "y"),
            new int[] {-1, a[1], b[1]});
    assertTrue(pid > 0, () -> "errno " + -pid);
    assertEquals(0, exit(pid));
    Libc.close(a[1]);
    Libc.close(b[1]);
    // "ls" has the directory itself open, at the lowest free number: 0.
    assertEquals("out y\n0\n1\n2\n", readAll(a[0]));
    assertEquals("err\n", readAll(b[0]));
    Libc.close(a[0]);
    Libc.close(b[0]);
  }

  @Test
  void leavesNoSignalBlockedOrIgnored() {
    int[] a = pair();
    int pid =
        Spawn.spawn(
            "/bin/grep",
            List.of("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"),
            Map.of(),
            new int[] {-1, a[1], -1});
    assertEquals(0, exit(pid));
    Libc.close(a[1]);
    assertEquals("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n", readAll(a[0]));
    Libc.close(a[0]);
  }

  @Test
  void callsWithManyArgumentsArriveWhole() {
    long address = Libc.mmap(0, 8192, 3, 0x22, -1, 0);
    assertTrue(address > 0, () -> "errno " + -address);
    int[] a = pair();
    assertEquals(0, Libc.setSocketTimeout(a[0], Libc.SO_RCVTIMEO, 1_000_000));
    assertEquals(-Errno.EAGAIN, Libc.read(a[0], address, 1));
    assertEquals(0, Libc.munmap(address, 8192));
    Libc.close(a[0]);
    Libc.close(a[1]);
  }

  @Test
  void reportsAMissingProgram() {
    assertEquals(
        -Errno.ENOENT,
        Spawn.spawn("/nonexistent/program", List.of("x"), Map.of(), new int[] {-1, -1, -1}));
  }

  private static int[] pair() {
    int[] fds = new int[2];
    assertEquals(0, Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM, fds));
    return fds;
  }

  private static int exit(int pid) {
    int[] status = new int[1];
    assertEquals(pid, Libc.waitpid(pid, status, 0));
    return status[0] >> 8;
  }

  private static String readAll(int fd) {
    StringBuilder text = new StringBuilder();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(4096);
      for (long n; (n = Libc.read(fd, buffer.address(), 4096)) > 0; ) {
        text.append(
            new String(
                buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8));
      }
    }
    return text.toString();
  }
}

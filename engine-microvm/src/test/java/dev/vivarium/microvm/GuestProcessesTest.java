package dev.vivarium.microvm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class GuestProcessesTest {
  private final GuestProcesses processes = new GuestProcesses();

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private void succeeded(int pid, int number, long first, long second, long result, String path) {
    processes.after(pid, number, new long[] {first, second, 0, 0, 0, 0}, result, bytes(path));
  }

  @Test
  void pathsAreResolvedByTheirNames() {
    assertArrayEquals(bytes("/a/c"), GuestProcesses.resolve(bytes("/a"), bytes("b/.././c")));
    assertArrayEquals(bytes("/x"), GuestProcesses.resolve(bytes("/a"), bytes("/../..//x/")));
    assertArrayEquals(bytes("/"), GuestProcesses.resolve(null, bytes("/..")));
    assertArrayEquals(bytes("/a"), GuestProcesses.resolve(bytes("/a"), bytes("")));
    assertNull(GuestProcesses.resolve(null, bytes("x")));
    assertNull(GuestProcesses.resolve(bytes("/"), bytes("x".repeat(2000))));
  }

  @Test
  void descriptorsAreFollowedThroughTheirCopiesAndTheirEnds() {
    processes.started(0, 2);
    succeeded(2, Calls.OPENAT, 0, 0, 5, "/dir");
    processes.after(2, Calls.DUP2, new long[] {5, 9, 0, 0, 0, 0}, 9, null);
    processes.started(2, 3);
    processes.after(2, Calls.CLOSE, new long[] {9, 0, 0, 0, 0, 0}, 0, null);
    assertNull(processes.at(2, 9));
    assertArrayEquals(bytes("/dir"), processes.at(3, 9));
    processes.after(3, Calls.FCHDIR, new long[] {9, 0, 0, 0, 0, 0}, 0, null);
    assertArrayEquals(bytes("/dir"), processes.at(3, GuestProcesses.AT_FDCWD));
    processes.after(3, Calls.CLOSE_RANGE, new long[] {6, -1, 0, 0, 0, 0}, 0, null);
    assertNull(processes.at(3, 9));
    assertArrayEquals(bytes("/dir"), processes.at(3, 5));
    processes.after(3, Calls.SOCKET, new long[6], 5, null);
    assertNull(processes.at(3, 5));
    processes.forget();
    assertNull(processes.at(2, 5));
    assertNull(processes.at(2, GuestProcesses.AT_FDCWD));
    processes.ended(2);
    processes.ended(3);
    assertTrue(processes.size() == 0);
  }

  @Test
  void whateverAGuestDoesWhatIsKnownStaysBounded() {
    processes.started(0, 2);
    for (int fd = 0; fd < 50_000; fd++) {
      succeeded(2, Calls.OPENAT, 0, 0, fd, "/file");
    }
    for (int pid = 3; pid < 20_000; pid++) {
      processes.started(2, pid);
    }
    assertTrue(processes.size() <= 4096 + 16384, "it knows " + processes.size());
  }
}

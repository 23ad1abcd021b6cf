package dev.vivarium.microvm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.export.EventText;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever a guest says of its clock, its calls are of the time since somebody looks; and calls
 * alone are enough to tell what was done with files.
 */
class GuestCallWriterTest {
  private static final long ORIGIN = 1000;

  @TempDir Path directory;
  private long now = ORIGIN;

  @Test
  void timesOfAGuestAreWithinOurs() throws Exception {
    Path ring = directory.resolve("ring");
    List<String> seen = new ArrayList<>();
    EventWriter events = EventWriter.create(ring, 64, 1 << 14, ORIGIN);
    try (EventReader reader = new EventReader(ring, true)) {
      GuestCallWriter writer = new GuestCallWriter(events, () -> now);
      now = ORIGIN + 500;
      writer.some(70, 0);
      call(writer, 50, 15);
      call(writer, 50, Long.MAX_VALUE);
      call(writer, 50, -1);
      call(writer, Long.MIN_VALUE, 1);
      call(writer, Long.MAX_VALUE, 1);
      for (Optional<Event> e = reader.poll(); e.isPresent(); e = reader.poll()) {
        seen.add(e.get().timeNanos() + "+" + e.get().durationNanos());
      }
    }
    assertEquals("480+15", seen.getFirst());
    assertEquals(List.of("480+20", "480+0"), seen.subList(1, 3));
    for (String each : seen.subList(3, 5)) {
      long time = Long.parseLong(each.substring(0, each.indexOf('+')));
      assertEquals(time, Math.clamp(time, 0, 500), each);
    }
  }

  private static void call(GuestCallWriter writer, long begin, long duration) {
    writer.call(begin, duration, 1, 1, 39, new long[6], true, 0, List.of());
  }

  @Test
  void processesAndFilesAreToldOfWithWholePaths() throws Exception {
    Path ring = directory.resolve("ring");
    List<String> seen = new ArrayList<>();
    EventWriter events = EventWriter.create(ring, 64, 1 << 14, ORIGIN);
    try (EventReader reader = new EventReader(ring, true)) {
      GuestCallWriter writer = new GuestCallWriter(events, () -> now);
      writer.some(70, 0);
      writer.started(70, 0, 0, 2, 2);
      // What makes it ready is not the program's doing.
      call(writer, 2, Calls.SETNS, 0, 0, 0);
      call(writer, 2, Calls.CHDIR, 0, 0, 0, text(0, "/work/./dir/.."));
      writer.program(70, 2, 2, 1000, List.of(text(0, "./run"), element("run"), element("-x")));
      call(writer, 2, Calls.OPENAT, 0x41, 0, 7, text(1, "new"));
      call(writer, 2, Calls.UNLINKAT, 0, 0, 0, text(1, "../gone"));
      writer.started(71, 2, 2, 3, 3);
      call(writer, 3, Calls.OPENAT, 0, 7, 8, text(1, "below"));
      call(writer, 3, Calls.SYMLINK, 0, 0, 0, text(0, "/etc/passwd"), text(1, "link"));
      call(writer, 3, Calls.RENAME, 0, 0, 0, text(0, "one"), text(1, "/two"));
      call(writer, 3, Calls.FORK, 0, 0, -11);
      writer.ended(72, 3, 9);
      writer.some(80, 5);
      call(writer, 2, Calls.UNLINKAT, 0, 0, 0, text(1, "unknown"));
      for (Optional<Event> e = reader.poll(); e.isPresent(); e = reader.poll()) {
        if (e.get().kind() != EventKind.SYSCALL) {
          seen.add(e.get().pid() + " " + EventText.describe(e.get()) + EventText.paths(e.get()));
        }
      }
    }
    assertEquals(
        List.of(
            "0 first process 2[]",
            "2 exec \"/work/run\" [\"run\", \"-x\"][/work/run]",
            "2 write \"/work/new\"[/work/new]",
            "2 delete \"/gone\"[/gone]",
            "2 new process 3[]",
            "3 read \"/work/new/below\"[/work/new/below]",
            "3 symlink \"/etc/passwd\" and \"/work/link\"[/etc/passwd, /work/link]",
            "3 rename \"/work/one\" and \"/two\"[/work/one, /two]",
            "3 no more processes: its limit (pids) is reached[]",
            "3 killed by SIGKILL[]",
            "2 delete ?[unknown]"),
        seen);
  }

  private static void call(
      GuestCallWriter writer,
      int pid,
      int number,
      long flags,
      long fd,
      long result,
      Event.Item... items) {
    boolean fromDirectory = fd == 0;
    long[] arguments = {fromDirectory ? GuestProcesses.AT_FDCWD : fd, 0, flags, 0, 0, 0};
    writer.call(50, 1, pid, pid, number, arguments, true, result, List.of(items));
  }

  private static Event.Item text(int argument, String text) {
    return new Event.Item(argument, Payload.TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  private static Event.Item element(String text) {
    return new Event.Item(1, Payload.ELEMENT, text.getBytes(StandardCharsets.UTF_8));
  }
}

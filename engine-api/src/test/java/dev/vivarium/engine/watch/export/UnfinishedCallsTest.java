package dev.vivarium.engine.watch.export;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.Payload;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class UnfinishedCallsTest {
  private static final int READ = 0;
  private static final int CLOSE = 3;

  private final StringBuilder out = new StringBuilder();
  private final TextOutput text = new TextOutput(out, new TextOutput.Style(true, false, false, 0));

  private static Event event(EventKind kind, int tid, int number, String data) {
    List<Event.Item> items =
        data.isEmpty()
            ? List.of()
            : List.of(new Event.Item(1, Payload.BYTES, data.getBytes(StandardCharsets.US_ASCII)));
    long[] arguments = {3, 4096, 10, 0, 0, 0};
    boolean returned = kind == EventKind.SYSCALL;
    return new Event(0, 0, 1, tid, kind, number, arguments, returned, 2, 0, 0, 0, items, true);
  }

  @Test
  void aCallThatOthersComeIntoIsShownInTwoParts() throws IOException {
    text.accept(event(EventKind.WAIT, 7, READ, ""));
    assertEquals("7 read(3, ", out.toString());
    text.accept(event(EventKind.SYSCALL, 8, CLOSE, ""));
    text.accept(event(EventKind.WAIT, 8, READ, ""));
    text.accept(event(EventKind.SYSCALL, 7, READ, "ab"));
    text.accept(event(EventKind.SYSCALL, 8, READ, "cd"));
    assertEquals(
        """
        7 read(3,  <unfinished ...>
        8 close(3) = 2
        8 read(3,  <unfinished ...>
        7 <... read resumed>"ab", 10) = 2
        8 <... read resumed>"cd", 10) = 2
        """,
        out.toString());
  }

  @Test
  void aCallThatNobodyComesIntoIsOneLine() throws IOException {
    text.accept(event(EventKind.WAIT, 7, CLOSE, ""));
    text.accept(event(EventKind.SYSCALL, 7, CLOSE, ""));
    text.accept(event(EventKind.WAIT, 7, READ, ""));
    text.accept(event(EventKind.SYSCALL, 7, READ, "ab"));
    text.accept(event(EventKind.SYSCALL, 7, READ, "cd"));
    assertEquals(
        """
        7 close(3) = 2
        7 read(3, "ab", 10) = 2
        7 read(3, "cd", 10) = 2
        """,
        out.toString());
  }

  @Test
  void aLossOrTheEndBreaksTheLineOff() throws IOException {
    text.accept(event(EventKind.WAIT, 7, READ, ""));
    text.dropped(3);
    text.accept(event(EventKind.WAIT, 7, READ, ""));
    text.close();
    assertEquals(
        """
        7 read(3,  <unfinished ...>
        ... 3 events were lost: too many for this reader ...
        7 read(3,  <unfinished ...>
        """,
        out.toString());
  }
}

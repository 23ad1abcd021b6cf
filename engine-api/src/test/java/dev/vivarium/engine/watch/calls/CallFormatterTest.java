package dev.vivarium.engine.watch.calls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.Payload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CallFormatterTest {
  private final CallFormatter formatter = new CallFormatter();

  private static Event call(String name, long result, List<Event.Item> items, long... arguments) {
    int number = CallTable.get().call(name).orElseThrow().number();
    return new Event(
        0,
        0,
        1,
        1,
        EventKind.SYSCALL,
        number,
        Arrays.copyOf(arguments, 6),
        true,
        result,
        0,
        0,
        0,
        items,
        true);
  }

  private static Event.Item text(int tag, String text) {
    return new Event.Item(tag, Payload.TEXT, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static Event.Item bytes(int tag, byte... bytes) {
    return new Event.Item(tag, Payload.BYTES, bytes);
  }

  private static Event.Item longs(int tag, long... values) {
    ByteBuffer b = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long v : values) {
      b.putLong(v);
    }
    return new Event.Item(tag, Payload.BYTES, b.array());
  }

  @Test
  void whatIsReadyStandsBehindTheResult() {
    Event.Item asked = longs(0, 3L | 5L << 32, 4L | 1L << 32);
    Event.Item found = longs(0, 3L | 5L << 32, 4L | 1L << 32 | 0x11L << 48);
    assertEquals(
        "poll([{fd=3, events=POLLIN|POLLOUT}, {fd=4, events=POLLIN}], 2, 1000) = 1 ([{fd=4,"
            + " revents=POLLIN|POLLHUP}])",
        formatter.line(call("poll", 1, List.of(asked, found), 77, 2, 1000)));
    assertEquals(
        "poll([{fd=3, events=POLLIN|POLLOUT}, {fd=4, events=POLLIN}], 2, 0) = 0 (Timeout)",
        formatter.line(call("poll", 0, List.of(asked, asked), 77, 2, 0)));
    assertEquals(
        "select(6, [3 5], NULL, [4], NULL) = 1 (in [5])",
        formatter.line(
            call(
                "select",
                1,
                List.of(longs(1, 0x28), longs(3, 0x10), longs(1, 0x20), longs(3, 0)),
                6,
                77,
                0,
                78,
                0)));
    assertEquals(
        "select(6, 0x4d, NULL, NULL, NULL) = -1 EFAULT (Bad address)",
        formatter.line(call("select", -14, List.of(), 6, 77, 0, 0, 0)));
  }

  @Test
  void callsLookAsStraceShowsThem() {
    assertEquals(
        "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3",
        formatter.line(call("openat", 3, List.of(text(1, "/etc/passwd")), -100, 77, 02000000)));
    assertEquals(
        "openat(5, \"new\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 4",
        formatter.line(call("openat", 4, List.of(text(1, "new")), 5, 77, 01101, 0644)));
    assertEquals(
        "open(\"x\", O_RDWR|O_SYNC) = -1 EACCES (Permission denied)",
        formatter.line(call("open", -13, List.of(text(0, "x")), 77, 04010002)));
    assertEquals(
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000",
        formatter.line(call("mmap", 0x7f0000001000L, List.of(), 0, 8192, 3, 0x22, 0xffffffffL, 0)));
    assertEquals(
        "mprotect(0x1000, 4096, PROT_NONE) = 0",
        formatter.line(call("mprotect", 0, List.of(), 4096, 4096, 0)));
    assertEquals(
        "write(1, \"hi\\n\\33[2J\\0001\", 9) = 9",
        formatter.line(
            call(
                "write",
                9,
                List.of(bytes(1, "hi\n\33[2J\0001".getBytes(StandardCharsets.ISO_8859_1))),
                1,
                77,
                9)));
    assertEquals(
        "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=500}, NULL) = 0",
        formatter.line(call("clock_nanosleep", 0, List.of(longs(2, 1, 500)), 0, 0, 77, 0)));
    assertEquals(
        "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 6) = 3",
        formatter.line(call("socket", 3, List.of(), 2, 02000001, 6)));
    assertEquals(
        "connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr(\"1.2.3.4\")}, 16)"
            + " = 0",
        formatter.line(
            call(
                "connect",
                0,
                List.of(
                    bytes(
                        1,
                        (byte) 2,
                        (byte) 0,
                        (byte) 1,
                        (byte) 187,
                        (byte) 1,
                        (byte) 2,
                        (byte) 3,
                        (byte) 4)),
                3,
                77,
                16)));
    assertEquals(
        "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 7",
        formatter.line(
            call(
                "wait4",
                7,
                List.of(bytes(1, (byte) 0, (byte) 3, (byte) 0, (byte) 0)),
                -1,
                77,
                0,
                0)));
    assertEquals("kill(7, SIGTERM) = 0", formatter.line(call("kill", 0, List.of(), 7, 15)));
    assertEquals(
        "rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0",
        formatter.line(
            call("rt_sigprocmask", 0, List.of(longs(1, 1L << 1 | 1L << 16)), 0, 77, 0, 8)));
    assertEquals(
        "pause() = ? ERESTARTNOHAND (To be restarted if no handler)",
        formatter.line(call("pause", -514, List.of())));
    assertEquals(
        "futex(0x1000, FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME, 1, NULL, NULL,"
            + " 0xffffffff) = 0",
        formatter.line(call("futex", 0, List.of(), 4096, 9 | 128 | 256, 1, 0, 0, 0xffffffffL)));
  }

  @Test
  void pathsAreMadeAbsoluteWhereTheirDirectoryIsKnown() {
    Event e =
        call(
            "unlink",
            0,
            List.of(
                text(0, "a/b"),
                new Event.Item(0, Payload.DIRECTORY, "/home".getBytes(StandardCharsets.US_ASCII))),
            77);
    assertEquals("/home/a/b", e.path(0).orElseThrow());
  }

  /** Whatever a hostile writer has put into the ring: no exception, and nothing but ASCII. */
  @Test
  void rubbishIsShownAsHarmlessText() {
    Random random = new Random(3);
    for (int round = 0; round < 40_000; round++) {
      List<Event.Item> items = new ArrayList<>();
      for (int n = random.nextInt(4); n > 0; n--) {
        byte[] content = new byte[random.nextInt(200)];
        random.nextBytes(content);
        items.add(new Event.Item(random.nextInt(8) - 1, random.nextInt(10), content));
      }
      long[] arguments = new long[6];
      for (int i = 0; i < 6; i++) {
        arguments[i] = random.nextInt(3) == 0 ? random.nextInt(300) - 100 : random.nextLong();
      }
      Event e =
          new Event(
              1,
              random.nextLong(),
              random.nextInt(),
              random.nextInt(),
              EventKind.SYSCALL,
              random.nextInt(470),
              arguments,
              random.nextBoolean(),
              random.nextBoolean() ? random.nextInt(600) - 520 : random.nextLong(),
              1,
              1,
              1,
              items,
              true);
      String line = formatter.line(e);
      for (int i = 0; i < line.length(); i++) {
        assertTrue(line.charAt(i) >= 0x20 && line.charAt(i) < 0x7f, line);
      }
    }
  }
}

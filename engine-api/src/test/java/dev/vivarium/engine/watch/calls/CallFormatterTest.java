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
        "futex(0x1000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 1, NULL,"
            + " FUTEX_BITSET_MATCH_ANY) = 0",
        formatter.line(call("futex", 0, List.of(), 4096, 9 | 128 | 256, 1, 0, 0, 0xffffffffL)));
  }

  private static Event.Item ints(int tag, int type, int... values) {
    ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int v : values) {
      b.putInt(v);
    }
    return new Event.Item(tag, type, b.array());
  }

  private void shows(String wanted, String name, List<Event.Item> items, long... arguments) {
    assertEquals(
        name + "(" + wanted + ") = 0", formatter.line(call(name, 0, items, arguments)), name);
  }

  @Test
  void argumentsAreWhatTheOthersMakeOfThem() {
    int bytes = Payload.BYTES;
    shows(
        "0, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}",
        "ioctl",
        List.of(ints(2, bytes, 24 | 80 << 16, 0)),
        0,
        0x5413,
        4096);
    shows("3, FIONREAD, [17]", "ioctl", List.of(ints(2, bytes, 17)), 3, 0x541b, 4096);
    shows(
        "0, TCGETS, {c_iflag=ICRNL|IXON, c_oflag=OPOST|ONLCR, c_cflag=B38400|CS8|CREAD,"
            + " c_lflag=ISIG|ICANON|ECHO, c_line=0}",
        "ioctl",
        List.of(ints(2, bytes, 02400, 5, 0277, 013, 0, 0, 0, 0, 0)),
        0,
        0x5401,
        4096);
    shows("3, FIOCLEX", "ioctl", List.of(), 3, 0x5451, 0);
    shows("3, 0x1234, 0x1000", "ioctl", List.of(), 3, 0x1234, 4096);
    shows("3, F_SETFD, FD_CLOEXEC", "fcntl", List.of(), 3, 2, 1);
    shows("3, F_SETFL, O_RDONLY|O_NONBLOCK", "fcntl", List.of(), 3, 4, 04000);
    shows(
        "3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=1, l_len=2}",
        "fcntl",
        List.of(longs(2, 1, 1, 2, 0)),
        3,
        6,
        4096);
    shows(
        "3, SOL_SOCKET, SO_REUSEADDR, [1], 4",
        "setsockopt",
        List.of(ints(3, bytes, 1)),
        3,
        1,
        2,
        4096,
        4);
    shows(
        "3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, 8",
        "setsockopt",
        List.of(ints(3, bytes, 1, 5)),
        3,
        1,
        13,
        4096,
        8);
    shows(
        "3, SOL_TCP, TCP_NODELAY, [1], [4]",
        "getsockopt",
        List.of(ints(3, bytes, 1), ints(4, bytes, 4)),
        3,
        6,
        1,
        4096,
        8192);
    shows("3, 0x63, 7, NULL, 0", "setsockopt", List.of(), 3, 99, 7, 0, 0);
    shows(
        "0x1000, FUTEX_WAIT_PRIVATE, 2, {tv_sec=1, tv_nsec=5}",
        "futex",
        List.of(longs(3, 1, 5)),
        4096,
        128,
        2,
        8192);
    shows("0x1000, FUTEX_WAKE, 1", "futex", List.of(), 4096, 1, 1, 0, 0, 0);
    shows("PR_SET_NAME, \"a\\33b\"", "prctl", List.of(text(1, "a\33b")), 15, 4096);
  }

  @Test
  void aMessageIsShownWithWhatItPointsTo() {
    Event.Item header = longs(1, 0x1000, 16, 0x2000, 1, 0x3000, 24, 0x40);
    Event.Item name =
        new Event.Item(1, Payload.NAME, new byte[] {2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0});
    Event.Item control = ints(1, Payload.CONTROL, 20, 0, 1, 1, 5, 0);
    Event.Item buffer =
        new Event.Item(1, Payload.ELEMENT, "2:hi".getBytes(StandardCharsets.ISO_8859_1));
    shows(
        "3, {msg_name={sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")},"
            + " msg_namelen=16, msg_iov=[{iov_base=\"hi\", iov_len=2}], msg_iovlen=1,"
            + " msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS,"
            + " cmsg_data=[5]}], msg_controllen=24, msg_flags=MSG_DONTWAIT}, MSG_DONTWAIT",
        "sendmsg",
        List.of(header, name, control, buffer),
        3,
        4096,
        0x40);
    // Lengths are the guest's: what they say is not believed.
    for (long length : new long[] {0, 1, 15, 25, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      Event.Item wrong =
          new Event.Item(
              1,
              Payload.CONTROL,
              ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
      String line = formatter.line(call("recvmsg", 2, List.of(header, wrong), 3, 4096, 0));
      assertTrue(line.contains("msg_control=[...]"), line);
    }
    List<Event.Item> several = new ArrayList<>();
    for (int size : new int[] {56, 60, 60}) {
      several.add(
          new Event.Item(
              1,
              Payload.BYTES,
              Arrays.copyOf(longs(1, 0, 0, 0x2000, 1, 0, 0, 0, 60).bytes(), size)));
      several.add(
          new Event.Item(1, Payload.ELEMENT, "40+:abc".getBytes(StandardCharsets.US_ASCII)));
    }
    several.add(new Event.Item(1, Payload.BYTES, new byte[0]));
    String one =
        "{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"abc\"..., iov_len=40}],"
            + " msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=60}";
    shows("3, [" + one + ", " + one + ", ...], 9, 0", "sendmmsg", several, 3, 4096, 9, 0);
    String none = one.replace(", msg_len=60", "");
    shows("3, [" + none + "], 1, 0", "sendmmsg", several.subList(0, 2), 3, 4096, 1, 0);
    shows("3, 0x1000, 2, 0", "sendmmsg", List.of(), 3, 4096, 2, 0);
    shows("3, 0x1000, 0", "sendmsg", List.of(ints(1, Payload.BYTES, 1, 2)), 3, 4096, 0);
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

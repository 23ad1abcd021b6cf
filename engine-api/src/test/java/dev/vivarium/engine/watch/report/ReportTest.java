package dev.vivarium.engine.watch.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.NetworkSpec;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.FileAction;
import dev.vivarium.engine.watch.NetworkEvent;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final String EVIL = "/tmp/<script>alert('x')</script>\33[2J\"&\377\n/etc/cron.d/x";

  private final ReportCollector seen = new ReportCollector();

  private static Event event(
      EventKind kind, int number, long result, long[] arguments, String... texts) {
    List<Event.Item> items = new ArrayList<>();
    for (int i = 0; i < texts.length; i++) {
      byte[] bytes = texts[i].getBytes(StandardCharsets.ISO_8859_1);
      items.add(new Event.Item(i, Payload.TEXT, bytes));
      items.add(new Event.Item(i, Payload.ELEMENT, bytes));
    }
    return new Event(
        0,
        5_000_000,
        1,
        1,
        kind,
        number,
        Arrays.copyOf(arguments, 6),
        true,
        result,
        1,
        0,
        0,
        items,
        true);
  }

  private static Event file(FileAction action, String path) {
    return event(EventKind.FILE, action.ordinal(), 0, new long[0], path);
  }

  private static Event call(String name, long result, long[] arguments, String... texts) {
    return event(
        EventKind.SYSCALL,
        CallTable.get().call(name).orElseThrow().number(),
        result,
        arguments,
        texts);
  }

  private Report report(String... flags) {
    SandboxSpec spec =
        new SandboxSpec(
            "0123456789ab",
            "calm-newt",
            "sentry",
            Optional.empty(),
            new SandboxSpec.Root.Host(),
            new SandboxSpec.ProcessSpec(
                List.of("sh", "<b>\33"), Map.of(), "/work", "", false, false),
            "box",
            List.of(),
            false,
            new SandboxSpec.Limits(0, 0, 0),
            Optional.empty(),
            Optional.empty(),
            NetworkSpec.NONE,
            Optional.empty(),
            List.of(),
            SandboxSpec.Machine.USUAL,
            false,
            List.of(flags));
    Report.End end =
        new Report.End(Instant.EPOCH, Instant.EPOCH.plusSeconds(2), 3, "its time limit passed");
    return Report.of(spec, end, seen, Optional.empty(), Optional.empty());
  }

  private String levelOf(String verdict) {
    for (Map<?, ?> v : Report.maps(report().root(), "verdicts")) {
      if (v.get("id").equals(verdict)) {
        return Report.text(v, "level");
      }
    }
    return "none";
  }

  @Test
  void aRunThatDidNothingRemarkableHasNoVerdict() {
    seen.accept(file(FileAction.READ, "/usr/lib/libc.so"));
    seen.accept(file(FileAction.READ, "/work/input"));
    seen.accept(call("read", 5, new long[] {3}));
    Report report = report();
    assertEquals("info", report.level());
    assertTrue(Report.maps(report.root(), "verdicts").isEmpty());
    assertTrue(Report.maps(report.root(), "filesRead").isEmpty());
  }

  @Test
  void aLinkToAFileIsNoChangeOfIt() {
    int symlink = FileAction.SYMLINK.ordinal();
    seen.accept(event(EventKind.FILE, symlink, 0, new long[0], "/etc/passwd", "/work/link"));
    int link = FileAction.LINK.ordinal();
    seen.accept(event(EventKind.FILE, link, 0, new long[0], "/root/.bashrc", "/work/other"));
    assertEquals("info", report().level());
    List<?> changed = Report.maps(report().root(), "filesChanged");
    assertTrue(changed.toString().contains("/work/link"), changed.toString());
    assertTrue(changed.toString().contains("/work/other"), changed.toString());
    assertTrue(!changed.toString().contains("/etc/passwd"), changed.toString());
    assertTrue(!changed.toString().contains(".bashrc"), changed.toString());
  }

  @Test
  void whatTheProfileFlagsCountsAndNothingElse() {
    seen.accept(file(FileAction.WRITE, "/root/.bashrc"));
    seen.accept(call("kill", 0, new long[] {7, 9}));
    assertEquals("high", report().level());
    assertEquals(List.of(), report().flagged());
    Report flagged = report("kill", "secrets");
    assertEquals(List.of("kill"), flagged.flagged());
    assertEquals("medium", flagged.level(), "what matters is never small");
    for (Map<?, ?> v : Report.maps(flagged.root(), "verdicts")) {
      boolean kill = v.get("id").equals("kill");
      assertEquals(kill ? "medium" : "info", v.get("level"));
      assertEquals(kill, v.get("flagged"));
    }
    assertEquals("info", report("secrets").level(), "nothing of what matters");
  }

  @Test
  void writingWhereItWouldBeRunAgainIsPersistence() {
    for (String path :
        new String[] {
          "/etc/cron.d/x",
          "/var/spool/cron/crontabs/root",
          "/root/.bashrc",
          "/home/a/.profile",
          "/home/a/.ssh/authorized_keys",
          "/home/a/.config/autostart/x.desktop",
          "/etc/systemd/system/x.service",
          "/etc/ld.so.preload",
          "/work/.git/hooks/pre-commit"
        }) {
      ReportTest one = new ReportTest();
      one.seen.accept(file(FileAction.WRITE, path));
      assertEquals("high", one.levelOf("persistence"), path);
      ReportTest other = new ReportTest();
      other.seen.accept(file(FileAction.READ, path));
      assertEquals("none", other.levelOf("persistence"), path);
    }
  }

  @Test
  void whatFailedIsAnAttempt() {
    seen.accept(call("openat", -13, new long[] {-100, 77, 01}, "", "/etc/cron.d/x"));
    assertEquals("medium", levelOf("persistence"));
    seen.accept(call("lgetxattr", -61, new long[] {77, 77}, "/boot"));
    assertEquals("none", levelOf("kernel-files"), "who lists the root reaches for nothing");
    seen.accept(call("openat", -13, new long[] {-100, 77, 0}, "", "/proc/kcore"));
    assertEquals("medium", levelOf("kernel-files"));
    seen.accept(call("ptrace", -1, new long[] {16, 5}));
    assertEquals("medium", levelOf("privilege"));
  }

  @Test
  void setuidBitsAreSeen() {
    seen.accept(call("chmod", 0, new long[] {77, 0755}, "/tmp/x"));
    assertEquals("none", levelOf("setuid-file"));
    seen.accept(call("fchmodat", 0, new long[] {-100, 77, 04755}, "", "/tmp/x"));
    assertEquals("high", levelOf("setuid-file"));
  }

  @Test
  void whatIsRunFromATemporaryPlaceIsSeenAndAProgramThatRunsItselfIsNot() {
    seen.accept(event(EventKind.EXEC, 0, 0, new long[0], "/bin/busybox", "sh"));
    seen.accept(event(EventKind.EXEC, 0, 0, new long[0], "/proc/self/exe", "cat"));
    assertEquals("none", levelOf("exec-tmp"));
    seen.accept(event(EventKind.EXEC, 0, 0, new long[0], "/proc/self/fd/7", "cat"));
    assertEquals("medium", levelOf("exec-tmp"));
  }

  @Test
  void aPlaceIsToldOfOnceByWhoKnowsTheRule() {
    byte[] address = {2, 0, 0, 53, 10, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0};
    Event called = call("connect", 0, new long[] {3, 1, 16});
    seen.accept(
        new Event(
            0,
            5_000_000,
            1,
            1,
            EventKind.SYSCALL,
            called.number(),
            called.arguments(),
            true,
            0,
            1,
            0,
            0,
            List.of(new Event.Item(1, Payload.BYTES, address)),
            true));
    assertEquals("connect", Report.maps(report().root(), "network").getFirst().get("action"));
    int send = NetworkEvent.Action.SEND.ordinal();
    seen.accept(event(EventKind.NETWORK, send, 0, new long[] {53}, "udp", "10.9.9.9", "", "rule"));
    List<Map<?, ?>> places = Report.maps(report().root(), "network");
    assertEquals(1, places.size(), places.toString());
    assertEquals("rule", places.getFirst().get("rule"));
    assertEquals("medium", levelOf("network-refused"));
    Map<?, ?> contacted =
        Report.maps(report().root(), "verdicts").stream()
            .filter(v -> "contacted".equals(v.get("id")))
            .findFirst()
            .orElseThrow();
    assertEquals(5_000_000L, Report.maps(contacted, "evidence").getFirst().get("timeNanos"));
  }

  @Test
  void processesKeepTheirCommandLinesAndTheirEnd() {
    seen.accept(event(EventKind.START, 1, 1, new long[0]));
    seen.accept(event(EventKind.EXEC, 0, 0, new long[0], "/bin/sh", "sh"));
    seen.accept(event(EventKind.EXIT, 0, 9, new long[0]));
    Map<?, ?> p = Report.maps(report().root(), "processes").getFirst();
    assertEquals(List.of("\"sh\""), p.get("commands"));
    assertEquals("killed by SIGKILL", p.get("end"));
  }

  @Test
  void itSurvivesJson() throws IOException {
    seen.accept(file(FileAction.CREATE, EVIL));
    seen.accept(call("mount", -1, new long[] {1, 1}, EVIL, EVIL));
    Report back = Report.read(report().json());
    for (String form : new String[] {"json", "text", "html"}) {
      assertEquals(
          new String(report().as(form).orElseThrow(), StandardCharsets.UTF_8),
          new String(back.as(form).orElseThrow(), StandardCharsets.UTF_8));
    }
    assertThrows(
        IOException.class,
        () -> Report.read("{\"schemaVersion\":99}".getBytes(StandardCharsets.UTF_8)));
    byte[] part = Arrays.copyOf(back.json(), 300);
    assertThrows(IOException.class, () -> Report.read(part));
  }

  @Test
  void nothingOfTheGuestsReachesABrowserOrATerminalAsItIs() throws IOException {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      EventKind kind = EventKind.values()[random.nextInt(EventKind.values().length)];
      byte[] noise = new byte[40];
      random.nextBytes(noise);
      String text = random.nextBoolean() ? EVIL : new String(noise, StandardCharsets.ISO_8859_1);
      seen.accept(
          event(
              kind,
              random.nextInt(460),
              random.nextInt(3) - random.nextInt(140),
              new long[] {random.nextInt(9), random.nextInt(), random.nextInt(), 1, 1, 1},
              text,
              text,
              text,
              text));
    }
    String html = new String(report().as("html").orElseThrow(), StandardCharsets.UTF_8);
    assertFalse(html.contains("<script"), "script");
    assertFalse(html.contains("alert('x')"), "quotes");
    for (String form : new String[] {"json", "text", "html"}) {
      String text = new String(report().as(form).orElseThrow(), StandardCharsets.UTF_8);
      text.chars()
          .forEach(
              c -> assertTrue(c == '\n' || c >= 0x20 && c < 0x7f || c >= 0xa0, form + ": " + c));
    }
  }

  @Test
  void tablesAreBounded() {
    for (int i = 0; i < 25_000; i++) {
      seen.accept(file(FileAction.CREATE, "/tmp/" + i));
      seen.accept(event(EventKind.START, i + 2, i + 2, new long[0]));
    }
    assertEquals(20_000, seen.files.size());
    assertEquals(5000, seen.processes.size());
    assertTrue(seen.overflow > 20_000);
  }
}

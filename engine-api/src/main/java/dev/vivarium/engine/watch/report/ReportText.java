package dev.vivarium.engine.watch.report;

import static dev.vivarium.engine.watch.report.Report.flag;
import static dev.vivarium.engine.watch.report.Report.maps;
import static dev.vivarium.engine.watch.report.Report.number;
import static dev.vivarium.engine.watch.report.Report.text;
import static dev.vivarium.engine.watch.report.Report.texts;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A report for a terminal. */
final class ReportText {
  private static final int MOST = 100;
  private static final int MOST_OF_A_DIFF = 40;
  private static final int MOST_OF_DIFFS = 400;

  private final StringBuilder out = new StringBuilder();

  private ReportText() {}

  static String of(Report report) {
    ReportText t = new ReportText();
    t.all(report.root());
    return t.out.toString();
  }

  private void all(Map<?, ?> r) {
    line("Report of " + text(r, "name") + " (" + text(r, "id") + ")");
    line("");
    line("  command   " + String.join(" ", texts(r, "command")));
    line("  image     " + text(r, "image") + ", engine " + text(r, "engine"));
    line(
        "  started   "
            + text(r, "created").replaceFirst("[.][0-9]+Z$", "Z")
            + ", ran for "
            + Amounts.time(number(r, "durationNanos")));
    String reason = text(r, "reason");
    if (flag(r, "running")) {
      line("  STILL RUNS: this is what it did so far");
    } else {
      line(
          "  ended     with exit code "
              + number(r, "exitCode")
              + (reason.isEmpty() ? "" : ": " + reason));
    }
    if (number(r, "eventsLost") > 0) {
      line("  INCOMPLETE: " + number(r, "eventsLost") + " events were lost");
    }
    verdicts(r);
    processes(r);
    files(r, "filesRead", "Files read outside its own tree and the system's");
    files(r, "filesChanged", "Files changed while it ran");
    changes(r);
    network(r);
    calls(r);
    names(r, "unsupported", "System calls that the sandbox does not have");
    names(r, "signals", "Signals");
    resources(r);
  }

  private void line(String text) {
    out.append(text).append('\n');
  }

  private void title(String text) {
    line("");
    line(text);
    line("-".repeat(text.length()));
  }

  private void verdicts(Map<?, ?> r) {
    title("Verdicts");
    List<Map<?, ?>> verdicts = maps(r, "verdicts");
    if (verdicts.isEmpty()) {
      line("Nothing remarkable was seen. That is what this run did, not what it could do.");
    }
    for (Map<?, ?> v : verdicts) {
      line(
          "["
              + text(v, "level").toUpperCase(java.util.Locale.ROOT)
              + "] "
              + text(v, "title")
              + " ("
              + number(v, "count")
              + ")");
      line("    " + text(v, "explanation"));
      for (Map<?, ?> e : maps(v, "evidence")) {
        line("      " + stamp(e) + text(e, "what") + (flag(e, "succeeded") ? "" : "  [failed]"));
      }
    }
  }

  private static String stamp(Map<?, ?> e) {
    long nanos = number(e, "timeNanos");
    return String.format(java.util.Locale.ROOT, "%9.3fs  %5d  ", nanos / 1e9, number(e, "pid"));
  }

  private void processes(Map<?, ?> r) {
    List<Map<?, ?>> all = maps(r, "processes");
    title("Processes (" + all.size() + ")");
    Map<Long, List<Map<?, ?>>> children = new LinkedHashMap<>();
    Map<Long, Map<?, ?>> byPid = new HashMap<>();
    for (Map<?, ?> p : all) {
      byPid.put(number(p, "pid"), p);
    }
    for (Map<?, ?> p : all) {
      long parent = number(p, "parent");
      boolean isRoot = !byPid.containsKey(parent) || parent == number(p, "pid");
      children.computeIfAbsent(isRoot ? 0 : parent, k -> new ArrayList<>()).add(p);
    }
    tree(children, 0, 0, new int[1]);
  }

  private void tree(Map<Long, List<Map<?, ?>>> children, long of, int depth, int[] shown) {
    for (Map<?, ?> p : children.getOrDefault(of, List.of())) {
      if (shown[0]++ == MOST) {
        line("  ...");
      }
      if (shown[0] > MOST || depth > 40) {
        return;
      }
      List<String> commands = texts(p, "commands");
      line(
          "  "
              + "  ".repeat(depth)
              + number(p, "pid")
              + " "
              + (commands.isEmpty() ? "(no program of its own)" : String.join(" => ", commands))
              + "  "
              + text(p, "end"));
      if (number(p, "pid") != 0) {
        tree(children, number(p, "pid"), depth + 1, shown);
      }
    }
  }

  private void files(Map<?, ?> r, String of, String title) {
    List<Map<?, ?>> files = maps(r, of);
    if (files.isEmpty()) {
      return;
    }
    title(title + " (" + files.size() + ")");
    int n = 0;
    for (Map<?, ?> f : files) {
      if (n++ == MOST) {
        line("  ... and " + (files.size() - MOST) + " more; --format json has all");
        return;
      }
      line("  " + text(f, "path") + how(f));
    }
  }

  static String how(Map<?, ?> f) {
    List<String> words = new ArrayList<>();
    if (flag(f, "created")) {
      words.add("created");
    }
    if (number(f, "writes") > 0 && !flag(f, "created")) {
      words.add("opened for writing");
    }
    if (flag(f, "renamed")) {
      words.add("renamed");
    }
    if (flag(f, "deleted")) {
      words.add("deleted");
    }
    if (flag(f, "attributesChanged")) {
      words.add("mode, owner or attributes changed");
    }
    if (number(f, "bytesRead") > 0) {
      words.add(Amounts.bytes(number(f, "bytesRead")) + " read");
    }
    if (number(f, "bytesWritten") > 0) {
      words.add(Amounts.bytes(number(f, "bytesWritten")) + " written");
    }
    if (number(f, "refused") > 0) {
      words.add("denied " + Amounts.count(number(f, "refused"), "time"));
    }
    return words.isEmpty() ? "" : "  (" + String.join(", ", words) + ")";
  }

  private void changes(Map<?, ?> r) {
    List<Map<?, ?>> changes = maps(r, "changes");
    if (changes.isEmpty()) {
      return;
    }
    title("What it left changed in its root (" + changes.size() + ")");
    int n = 0;
    int lines = 0;
    for (Map<?, ?> c : changes) {
      if (n++ == MOST) {
        line("  ... and " + (changes.size() - MOST) + " more; --format json has all");
        return;
      }
      String target = text(c, "target");
      line(
          String.format(
              java.util.Locale.ROOT,
              "  %-9s %s %9s  %s%s",
              text(c, "kind"),
              text(c, "mode").equals("00") ? "    " : text(c, "mode"),
              Amounts.bytes(number(c, "sizeBytes")),
              text(c, "path"),
              (target.isEmpty() ? "" : " -> " + target) + remarks(c)));
      lines += diff(text(c, "diff"), lines);
      String preview = text(c, "preview");
      lines += diff(preview.isEmpty() ? "" : "+" + preview.replace("\n", "\n+"), lines);
    }
  }

  /** What else there is to say of something changed: " (binary, was 3 KiB)". */
  static String remarks(Map<?, ?> change) {
    List<String> words = new ArrayList<>();
    if (flag(change, "binary")) {
      words.add("binary");
    }
    if (!text(change, "note").isEmpty()) {
      words.add(text(change, "note"));
    }
    return words.isEmpty() ? "" : "  (" + String.join(", ", words) + ")";
  }

  /** Shows a diff, or as much of it as a terminal has room for; how many lines. */
  private int diff(String diff, int shownBefore) {
    int n = 0;
    for (String one : diff.isEmpty() ? new String[0] : diff.split("\n", -1)) {
      if (n == MOST_OF_A_DIFF || shownBefore + n >= MOST_OF_DIFFS) {
        line("      ... --format json has the rest");
        break;
      }
      line("      " + one);
      n++;
    }
    return n;
  }

  private void network(Map<?, ?> r) {
    List<Map<?, ?>> all = maps(r, "network");
    title("Network (" + all.size() + ")");
    if (all.isEmpty()) {
      line("  nothing");
    }
    int n = 0;
    for (Map<?, ?> e : all) {
      if (n++ == MOST) {
        line("  ... and " + (all.size() - MOST) + " more; --format json has all");
        return;
      }
      line("  " + endpoint(e));
    }
  }

  static String endpoint(Map<?, ?> e) {
    String name = text(e, "name");
    String address = text(e, "address");
    StringBuilder s = new StringBuilder();
    s.append(text(e, "action")).append(' ').append(text(e, "protocol")).append(' ');
    s.append(name.isEmpty() ? address : name + (address.isEmpty() ? "" : " (" + address + ")"));
    if (number(e, "port") != 0) {
      s.append(" port ").append(number(e, "port"));
    }
    s.append(": ").append(text(e, "outcome"));
    if (!text(e, "rule").isEmpty()) {
      s.append(" by ").append(text(e, "rule"));
    }
    s.append(", ").append(Amounts.count(number(e, "times"), "time"));
    if (number(e, "sent") + number(e, "received") > 0) {
      s.append(", sent ").append(Amounts.bytes(number(e, "sent")));
      s.append(", received ").append(Amounts.bytes(number(e, "received")));
    }
    return s.toString();
  }

  private void calls(Map<?, ?> r) {
    List<Map<?, ?>> calls = maps(r, "systemCalls");
    long total = 0;
    for (Map<?, ?> c : calls) {
      total += number(c, "count");
    }
    title("System calls (" + total + " of " + calls.size() + " kinds)");
    line("       calls    failed     total       p50       p99       max");
    int n = 0;
    for (Map<?, ?> c : calls) {
      if (n++ == 25) {
        line("  ... and " + (calls.size() - 25) + " kinds more; --format json has all");
        break;
      }
      line(
          String.format(
              java.util.Locale.ROOT,
              "  %10d %9s %9s %9s %9s %9s  %s",
              number(c, "count"),
              number(c, "failures") == 0 ? "" : Long.toString(number(c, "failures")),
              Amounts.time(number(c, "totalNanos")),
              Amounts.time(number(c, "p50Nanos")),
              Amounts.time(number(c, "p99Nanos")),
              Amounts.time(number(c, "maxNanos")),
              text(c, "name")));
    }
  }

  private void names(Map<?, ?> r, String of, String title) {
    List<Map<?, ?>> all = maps(r, of);
    if (all.isEmpty()) {
      return;
    }
    title(title);
    List<String> words = new ArrayList<>();
    for (Map<?, ?> one : all) {
      words.add(text(one, "name") + " (" + number(one, "count") + ")");
    }
    line("  " + String.join(", ", words));
  }

  private void resources(Map<?, ?> r) {
    if (!(r.get("resources") instanceof Map<?, ?> u)) {
      return;
    }
    title("Resources");
    line(
        "  processor "
            + Amounts.time(number(u, "userNanos"))
            + " in programs, "
            + Amounts.time(number(u, "systemNanos"))
            + " in the kernel; memory at the end "
            + Amounts.bytes(number(u, "memoryBytes")));
    line(
        "  read "
            + Amounts.bytes(number(u, "bytesRead"))
            + ", wrote "
            + Amounts.bytes(number(u, "bytesWritten"))
            + "; "
            + Amounts.count(number(u, "minorFaults"), "page fault")
            + (number(u, "outOfMemoryKills") > 0
                ? "; " + number(u, "outOfMemoryKills") + " processes were killed for want of memory"
                : ""));
  }
}

package dev.vivarium.engine.watch.report;

import static dev.vivarium.engine.watch.report.Report.flag;
import static dev.vivarium.engine.watch.report.Report.maps;
import static dev.vivarium.engine.watch.report.Report.number;
import static dev.vivarium.engine.watch.report.Report.text;
import static dev.vivarium.engine.watch.report.Report.texts;

import dev.vivarium.engine.watch.Escape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A report as one HTML file that needs nothing else: no script, no font, no image from elsewhere,
 * and a policy in it that forbids them. Light or dark as the reader's system is.
 */
final class ReportHtml {
  private static final int MOST_ROWS = 500;

  private final StringBuilder out = new StringBuilder(1 << 16);
  private boolean running;

  private ReportHtml() {}

  static String of(Report report) {
    ReportHtml h = new ReportHtml();
    h.page(report.root());
    return h.out.toString();
  }

  private static String style() {
    try (InputStream in = ReportHtml.class.getResourceAsStream("report.css")) {
      if (in == null) {
        throw new IllegalStateException("report.css is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String e(String text) {
    return Escape.html(text);
  }

  private void page(Map<?, ?> r) {
    out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.append(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src"
            + " 'unsafe-inline'\">\n");
    out.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.append("<title>Report of ").append(e(text(r, "name"))).append("</title>\n<style>\n");
    out.append(style()).append("</style>\n</head>\n<body>\n<main>\n");
    head(r);
    verdicts(r);
    timeline(r);
    processes(r);
    network(r);
    changes(r);
    files(r, "filesChanged", "Files changed while it ran");
    files(r, "filesRead", "Files read outside its own tree and the system’s");
    calls(r);
    small(r, "unsupported", "System calls that the sandbox does not have");
    small(r, "signals", "Signals");
    resources(r);
    out.append(
        "</main>\n"
            + "<footer>Made by Vivarium. It says what this run did, not what the program could"
            + " do.</footer>\n");
    out.append("</body>\n</html>\n");
  }

  private void head(Map<?, ?> r) {
    String level = text(r, "level");
    out.append("<header>\n<h1>").append(e(text(r, "name"))).append("</h1>\n");
    out.append("<p class=\"command\"><code>").append(e(String.join(" ", texts(r, "command"))));
    out.append("</code></p>\n<p class=\"level ").append(word(level)).append("\">");
    out.append(
        switch (level) {
          case "high" -> "High: it did what harmful programs do";
          case "medium" -> "Medium: some of what it did needs an explanation";
          case "low" -> "Low: some things to know, none of them alarming";
          default -> "Nothing remarkable was seen";
        });
    out.append("</p>\n<ul class=\"facts\">\n");
    fact("Image", text(r, "image"));
    fact("Engine", text(r, "engine"));
    fact("Started", text(r, "created").replaceFirst("[.][0-9]+Z$", "Z"));
    fact("Ran for", Amounts.time(number(r, "durationNanos")));
    String reason = text(r, "reason");
    if (flag(r, "running")) {
      fact("Exit code", "none: it still runs");
    } else {
      fact("Exit code", number(r, "exitCode") + (reason.isEmpty() ? "" : " (" + reason + ")"));
    }
    fact("Processes", Long.toString(maps(r, "processes").size()));
    fact(
        "Events",
        number(r, "events")
            + (number(r, "eventsLost") > 0 ? ", " + number(r, "eventsLost") + " lost" : ""));
    out.append("</ul>\n</header>\n");
  }

  private void fact(String name, String value) {
    out.append("<li><span class=\"fact\">")
        .append(e(name))
        .append("</span>")
        .append(e(value))
        .append("</li>\n");
  }

  /** For a class: one of a few words and nothing else. */
  private static String word(String level) {
    return level.matches("high|medium|low") ? level : "info";
  }

  private void section(String title, int count) {
    out.append("<section>\n<h2>").append(e(title));
    if (count >= 0) {
      out.append(" <span class=\"count\">").append(count).append("</span>");
    }
    out.append("</h2>\n");
  }

  private void verdicts(Map<?, ?> r) {
    List<Map<?, ?>> verdicts = maps(r, "verdicts");
    section("Verdicts", verdicts.size());
    if (verdicts.isEmpty()) {
      out.append("<p>Nothing of what is looked for was seen.</p>\n");
    }
    for (Map<?, ?> v : verdicts) {
      String level = word(text(v, "level"));
      out.append("<details class=\"verdict ").append(level).append("\"");
      out.append(level.matches("high|medium") ? " open>\n" : ">\n");
      out.append("<summary><span class=\"badge\">").append(level).append("</span> ");
      out.append(e(text(v, "title"))).append(" <span class=\"count\">").append(number(v, "count"));
      out.append("</span></summary>\n<p>").append(e(text(v, "explanation"))).append("</p>\n");
      List<Map<?, ?>> evidence = maps(v, "evidence");
      if (!evidence.isEmpty()) {
        out.append("<ul class=\"evidence\">\n");
        for (Map<?, ?> one : evidence) {
          out.append("<li><span class=\"when\">");
          out.append(
              String.format(
                  java.util.Locale.ROOT,
                  "%.3f s, process %d",
                  number(one, "timeNanos") / 1e9,
                  number(one, "pid")));
          out.append("</span> <code>").append(e(text(one, "what"))).append("</code>");
          out.append(flag(one, "succeeded") ? "" : " <em>failed</em>").append("</li>\n");
        }
        out.append("</ul>\n");
      }
      out.append("</details>\n");
    }
    out.append("</section>\n");
  }

  // ---- charts ----

  private void timeline(Map<?, ?> r) {
    if (!(r.get("timeline") instanceof Map<?, ?> t)) {
      return;
    }
    List<Long> calls = numbers(t, "calls");
    List<Long> files = numbers(t, "files");
    if (calls.isEmpty()) {
      return;
    }
    long piece = number(t, "pieceNanos");
    long most = 1;
    for (long n : calls) {
      most = Math.max(most, n);
    }
    section("Activity over time", -1);
    int width = 960;
    int height = 160;
    double step = (double) width / calls.size();
    out.append(
        "<figure>\n"
            + "<svg class=\"chart\" viewBox=\"0 0 960 161\" preserveAspectRatio=\"none\""
            + " role=\"img\" aria-label=\"System calls over time\">\n");
    for (int i = 0; i < calls.size(); i++) {
      bar("calls", i * step, step, calls.get(i), most, height);
      if (i < files.size()) {
        bar("files", i * step, step, files.get(i), most, height);
      }
    }
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "<line class=\"axis\" x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>%n",
            height,
            width,
            height));
    out.append("</svg>\n<div class=\"scale\">");
    for (int i = 0; i <= 4; i++) {
      out.append("<span>").append(e(Amounts.time(piece * calls.size() * i / 4))).append("</span>");
    }
    out.append("</div>\n<figcaption><span class=\"key calls\"></span> system calls, at most ");
    out.append(most).append(" in ").append(e(Amounts.time(piece)));
    out.append(
        "; <span class=\"key files\"></span> of them with effects on files. The height is"
            + " logarithmic.</figcaption>\n");
    out.append("</figure>\n</section>\n");
  }

  private void bar(String kind, double x, double width, long n, long most, int height) {
    if (n <= 0) {
      return;
    }
    double h = Math.max(2, height * Math.log1p(n) / Math.log1p(most));
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>%n",
            kind,
            x,
            height - h,
            Math.max(0.8, width - 0.4),
            h));
  }

  private static List<Long> numbers(Map<?, ?> of, String name) {
    List<Long> list = new ArrayList<>();
    if (of.get(name) instanceof List<?> all) {
      for (Object o : all) {
        if (o instanceof Number n) {
          list.add(n.longValue());
        }
      }
    }
    return list;
  }

  // ---- processes ----

  private void processes(Map<?, ?> r) {
    List<Map<?, ?>> all = maps(r, "processes");
    running = flag(r, "running");
    section("Processes", all.size());
    Map<Long, Map<?, ?>> byPid = new HashMap<>();
    all.forEach(p -> byPid.put(number(p, "pid"), p));
    Map<Long, List<Map<?, ?>>> children = new LinkedHashMap<>();
    long end = 1;
    for (Map<?, ?> p : all) {
      long parent = number(p, "parent");
      boolean isRoot = !byPid.containsKey(parent) || parent == number(p, "pid");
      children.computeIfAbsent(isRoot ? 0 : parent, k -> new ArrayList<>()).add(p);
      end = Math.max(end, Math.max(number(p, "endNanos"), number(p, "startNanos")));
    }
    out.append(
        "<div class=\"wide\">\n"
            + "<table class=\"processes\">\n"
            + "<thead><tr><th>Process</th><th>Command</th><th>End</th><th>When</th></tr></thead>\n"
            + "<tbody>\n");
    int[] left = {MOST_ROWS};
    for (Map<?, ?> p : children.getOrDefault(0L, List.of())) {
      process(p, children, 0, end, left);
    }
    out.append("</tbody>\n</table>\n</div>\n</section>\n");
  }

  private void process(
      Map<?, ?> p, Map<Long, List<Map<?, ?>>> children, int depth, long end, int[] left) {
    if (left[0]-- <= 0 || depth > 60) {
      return;
    }
    List<String> commands = texts(p, "commands");
    out.append("<tr><td class=\"tree\">")
        .append("<span class=\"indent\"></span>".repeat(Math.min(depth, 20)));
    out.append(number(p, "pid")).append("</td><td><code>");
    out.append(commands.isEmpty() ? "(no program of its own)" : e(String.join(" ⇒ ", commands)));
    out.append("</code>");
    if (number(p, "threads") > 1) {
      out.append(" <span class=\"count\">").append(number(p, "threads")).append(" threads</span>");
    }
    String how = text(p, "end");
    out.append("</td><td class=\"end\">")
        .append(e(how.isEmpty() ? running ? "runs" : "killed with the sandbox" : how))
        .append("</td><td>");
    long from = number(p, "startNanos");
    long to = p.get("endNanos") == null ? end : number(p, "endNanos");
    out.append("<svg class=\"span\" viewBox=\"0 0 200 12\" role=\"img\" aria-label=\"");
    out.append(e(Amounts.time(from) + " to " + Amounts.time(to)))
        .append("\"><rect class=\"calls\" x=\"");
    out.append(
        String.format(
            java.util.Locale.ROOT,
            "%.1f\" y=\"2\" width=\"%.1f\" height=\"8\"/></svg>",
            200.0 * from / end,
            Math.max(1.5, 200.0 * (to - from) / end)));
    out.append("</td></tr>\n");
    for (Map<?, ?> child : children.getOrDefault(number(p, "pid"), List.of())) {
      process(child, children, depth + 1, end, left);
    }
  }

  // ---- tables ----

  private void network(Map<?, ?> r) {
    List<Map<?, ?>> all = maps(r, "network");
    section("Network", all.size());
    if (all.isEmpty()) {
      out.append("<p>It contacted nobody and opened nothing.</p>\n</section>\n");
      return;
    }
    out.append(
        "<div class=\"wide\">\n"
            + "<table>\n"
            + "<thead><tr><th>What</th><th>Where</th><th>Outcome</th><th class=\"n\">Times</th><th"
            + " class=\"n\">Sent</th><th class=\"n\">Received</th></tr></thead>\n"
            + "<tbody>\n");
    int n = 0;
    for (Map<?, ?> one : all) {
      if (n++ == MOST_ROWS) {
        break;
      }
      String name = text(one, "name");
      String address = text(one, "address");
      String where =
          name.isEmpty() ? address : name + (address.isEmpty() ? "" : " (" + address + ")");
      out.append("<tr><td>").append(e(text(one, "action") + " " + text(one, "protocol")));
      out.append("</td><td><code>").append(e(where));
      out.append(number(one, "port") == 0 ? "" : ", port " + number(one, "port"));
      out.append("</code></td><td>").append(e(text(one, "outcome")));
      out.append(text(one, "rule").isEmpty() ? "" : ": " + e(text(one, "rule")));
      out.append("</td><td class=\"n\">").append(number(one, "times"));
      out.append("</td><td class=\"n\">").append(e(Amounts.bytes(number(one, "sent"))));
      out.append("</td><td class=\"n\">").append(e(Amounts.bytes(number(one, "received"))));
      out.append("</td></tr>\n");
    }
    out.append("</tbody>\n</table>\n</div>\n");
    more(all.size());
    out.append("</section>\n");
  }

  private void more(int size) {
    if (size > MOST_ROWS) {
      out.append("<p>… and ")
          .append(size - MOST_ROWS)
          .append(" more, which the JSON report has.</p>\n");
    }
  }

  private void changes(Map<?, ?> r) {
    List<Map<?, ?>> all = maps(r, "changes");
    if (all.isEmpty()) {
      return;
    }
    section("What it left changed in its root", all.size());
    int n = 0;
    for (Map<?, ?> c : all) {
      if (n++ == MOST_ROWS) {
        break;
      }
      String diff = text(c, "diff");
      String preview = text(c, "preview");
      boolean plain = preview.isEmpty() && diff.isEmpty();
      out.append(plain ? "<p class=\"change\">" : "<details class=\"change\"><summary>");
      out.append("<span class=\"kind\">").append(e(text(c, "kind"))).append("</span> <code>");
      out.append(e(text(c, "path")));
      out.append(text(c, "target").isEmpty() ? "" : " → " + e(text(c, "target")));
      out.append("</code> <span class=\"when\">");
      out.append(text(c, "mode").equals("00") ? "" : e(text(c, "mode")) + ", ");
      out.append(e(Amounts.bytes(number(c, "sizeBytes"))));
      out.append(e(ReportText.remarks(c))).append("</span>");
      if (plain) {
        out.append("</p>\n");
      } else if (diff.isEmpty()) {
        out.append("</summary>\n<pre>").append(e(preview)).append("</pre>\n</details>\n");
      } else {
        out.append("</summary>\n");
        diff(diff);
        out.append("</details>\n");
      }
    }
    more(all.size());
    out.append("</section>\n");
  }

  private void diff(String diff) {
    out.append("<pre class=\"diff\">");
    for (String line : diff.split("\n", -1)) {
      String kind =
          switch (line.isEmpty() ? ' ' : line.charAt(0)) {
            case '+' -> "ins";
            case '-' -> "del";
            case '@' -> "b";
            default -> "";
          };
      out.append(kind.isEmpty() ? "" : "<" + kind + ">").append(e(line));
      out.append(kind.isEmpty() ? "" : "</" + kind + ">").append('\n');
    }
    out.append("</pre>\n");
  }

  private void files(Map<?, ?> r, String of, String title) {
    List<Map<?, ?>> all = maps(r, of);
    if (all.isEmpty()) {
      return;
    }
    section(title, all.size());
    out.append("<ul class=\"files\">\n");
    int n = 0;
    for (Map<?, ?> f : all) {
      if (n++ == MOST_ROWS) {
        break;
      }
      out.append("<li><code>").append(e(text(f, "path"))).append("</code>");
      out.append("<span class=\"when\">").append(e(ReportText.how(f))).append("</span></li>\n");
    }
    out.append("</ul>\n");
    more(all.size());
    out.append("</section>\n");
  }

  private void calls(Map<?, ?> r) {
    List<Map<?, ?>> all = maps(r, "systemCalls");
    section("System calls", all.size());
    long most = 1;
    for (Map<?, ?> c : all) {
      most = Math.max(most, number(c, "count"));
    }
    out.append(
        "<div class=\"wide\">\n"
            + "<table>\n"
            + "<thead><tr><th>Call</th><th class=\"n\">Calls</th><th></th><th"
            + " class=\"n\">Failed</th><th class=\"n\">Total</th><th class=\"n\">p50</th><th"
            + " class=\"n\">p99</th><th class=\"n\">Max</th><th>Where the time"
            + " went</th></tr></thead>\n"
            + "<tbody>\n");
    for (Map<?, ?> c : all) {
      long count = number(c, "count");
      out.append("<tr><td><code>")
          .append(e(text(c, "name")))
          .append("</code></td><td class=\"n\">")
          .append(count);
      out.append("</td><td><svg class=\"bar\" viewBox=\"0 0 100 10\" role=\"img\" aria-label=\"")
          .append(count);
      out.append(
          String.format(
              java.util.Locale.ROOT,
              "\"><rect class=\"calls\" x=\"0\" y=\"1\" width=\"%.1f\" height=\"8\"/></svg>",
              Math.max(1, 100 * Math.log1p(count) / Math.log1p(most))));
      out.append("</td><td class=\"n\">")
          .append(number(c, "failures") == 0 ? "" : Long.toString(number(c, "failures")));
      for (String member : new String[] {"totalNanos", "p50Nanos", "p99Nanos", "maxNanos"}) {
        out.append("</td><td class=\"n\">").append(e(Amounts.time(number(c, member))));
      }
      out.append("</td><td>");
      split(c);
      out.append("</td></tr>\n");
    }
    out.append(
        "</tbody>\n"
            + "</table>\n"
            + "</div>\n"
            + "<p class=\"when\"><span class=\"key calls\"></span> in the sandbox’s kernel <span"
            + " class=\"key disk\"></span> files of the host <span class=\"key blocked\"></span>"
            + " blocked as asked <span class=\"key handover\"></span> handed over</p>\n"
            + "</section>\n");
  }

  private void split(Map<?, ?> c) {
    long total = Math.max(1, number(c, "totalNanos"));
    double x = 0;
    out.append("<svg class=\"bar\" viewBox=\"0 0 100 10\" role=\"img\" aria-label=\"parts\">");
    String[] members = {"sentryNanos", "diskNanos", "blockedNanos", "handOverNanos"};
    String[] classes = {"calls", "disk", "blocked", "handover"};
    for (int i = 0; i < 4; i++) {
      double width = Math.min(100 - x, 100.0 * number(c, members[i]) / total);
      if (width > 0.3) {
        out.append(
            String.format(
                java.util.Locale.ROOT,
                "<rect class=\"%s\" x=\"%.1f\" y=\"1\" width=\"%.1f\" height=\"8\"/>",
                classes[i],
                x,
                width));
        x += width;
      }
    }
    out.append("</svg>");
  }

  private void small(Map<?, ?> r, String of, String title) {
    List<Map<?, ?>> all = maps(r, of);
    if (all.isEmpty()) {
      return;
    }
    section(title, all.size());
    out.append("<p>");
    String separator = "";
    for (Map<?, ?> one : all) {
      out.append(separator)
          .append("<code>")
          .append(e(text(one, "name")))
          .append("</code> ")
          .append(number(one, "count"));
      separator = ", ";
    }
    out.append("</p>\n</section>\n");
  }

  private void resources(Map<?, ?> r) {
    if (!(r.get("resources") instanceof Map<?, ?> u)) {
      return;
    }
    section("Resources", -1);
    out.append("<ul class=\"facts\">\n");
    fact("Processor, programs", Amounts.time(number(u, "userNanos")));
    fact("Processor, kernel", Amounts.time(number(u, "systemNanos")));
    fact("Memory at the end", Amounts.bytes(number(u, "memoryBytes")));
    fact("Read", Amounts.bytes(number(u, "bytesRead")));
    fact("Written", Amounts.bytes(number(u, "bytesWritten")));
    fact("Page faults", Long.toString(number(u, "minorFaults")));
    out.append("</ul>\n</section>\n");
  }
}

package dev.vivarium.engine.watch.report;

import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.open.OpenPlan;
import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.image.oci.BadDocumentException;
import dev.vivarium.image.oci.JsonDocument;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a run did. */
public final class Report {
  /** Grows when a member changes its meaning or goes away. */
  public static final int SCHEMA_VERSION = 1;

  /** How deep its objects and lists nest at most. */
  public static final int MAX_DEPTH = 16;

  private static final int MOST_BYTES = 64 << 20;
  private static final int MOST_CALLS = 500;

  private final Map<String, @Nullable Object> root;

  private Report(Map<String, @Nullable Object> root) {
    this.root = root;
  }

  /**
   * How a run ended.
   *
   * @param running whether it has not ended yet: {@code finished} is when it was looked at
   */
  public record End(
      Instant created, Instant finished, int exitCode, String reason, boolean running) {
    public End(Instant created, Instant finished, int exitCode, String reason) {
      this(created, finished, exitCode, reason, false);
    }

    /** It still runs. */
    public static End notYet(Instant created) {
      return new End(created, Instant.now(), 0, "", true);
    }
  }

  /**
   * Puts it together.
   *
   * @param figures the last ones; empty if there are none
   * @param changes what it left changed in its root; empty if that is not known
   */
  public static Report of(
      SandboxSpec spec,
      End end,
      ReportCollector seen,
      Optional<Statistics> figures,
      Optional<List<Change>> changes) {
    Map<String, @Nullable Object> r = new LinkedHashMap<>();
    r.put("schemaVersion", SCHEMA_VERSION);
    r.put("id", spec.id());
    r.put("name", spec.name());
    r.put("engine", spec.engine());
    r.put("image", Escape.c(spec.root().label()));
    List<String> command = OpenPlan.wanted(spec.process().arguments());
    r.put("command", command.stream().map(Report::ours).toList());
    r.put("created", end.created.toString());
    r.put("finished", end.finished.toString());
    r.put("durationNanos", java.time.Duration.between(end.created, end.finished).toNanos());
    r.put("running", end.running);
    r.put("exitCode", end.exitCode);
    r.put("reason", ours(end.reason));
    List<Map<String, @Nullable Object>> verdicts = Verdicts.of(seen, spec.flags());
    r.put("level", Verdicts.worst(verdicts));
    r.put("verdicts", verdicts);
    r.put("flagged", spec.flags().isEmpty() ? null : Verdicts.flagged(verdicts));
    r.put("processes", processes(seen));
    r.put("filesRead", files(seen, spec, false));
    r.put("filesChanged", files(seen, spec, true));
    r.put(
        "changes",
        changes.<Object>map(list -> list.stream().map(Change::values).toList()).orElse(null));
    r.put("network", network(seen));
    r.put("systemCalls", calls(seen, figures, !spec.engine().equals("microvm")));
    r.put("unsupported", counts(seen.unsupported));
    r.put("signals", counts(seen.signals));
    Map<String, @Nullable Object> timeline = new LinkedHashMap<>();
    timeline.put("pieceNanos", seen.timeline.pieceNanos());
    timeline.put("calls", seen.timeline.calls());
    timeline.put("files", seen.timeline.files());
    timeline.put("network", seen.timeline.network());
    r.put("timeline", timeline);
    r.put("resources", figures.map(s -> resources(s)).orElse(null));
    r.put("events", seen.events);
    r.put("eventsLost", seen.lost);
    r.put("notKept", seen.overflow);
    return new Report(r);
  }

  /** The findings that the profile says matter; empty if there is none, or it says nothing. */
  public List<String> flagged() {
    return root.get("flagged") instanceof List<?> all
        ? all.stream().map(String::valueOf).toList()
        : List.of();
  }

  /** A text of ours or the user's: not bytes, so only what could do harm is replaced. */
  private static String ours(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .forEach(c ->
            out.appendCodePoint(
                Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c));
    return out.toString();
  }

  private static List<Object> processes(ReportCollector seen) {
    List<Object> list = new ArrayList<>();
    for (ReportCollector.Process p : seen.processes.values()) {
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("pid", p.pid);
      one.put("parent", p.parent);
      one.put("startNanos", p.startNanos);
      one.put("endNanos", p.endNanos < 0 ? null : p.endNanos);
      one.put("commands", p.commands);
      one.put("threads", p.threads);
      one.put("end", p.end);
      one.put("userNanos", p.userNanos);
      one.put("systemNanos", p.systemNanos);
      list.add(one);
    }
    return list;
  }

  /** Read ones outside of the system's own and the program's own tree; or changed ones. */
  private static List<Object> files(ReportCollector seen, SandboxSpec spec, boolean changed) {
    String own = spec.process().workingDirectory();
    String tree = own.equals("/") ? "//" : own.endsWith("/") ? own : own + "/";
    List<Object> list = new ArrayList<>();
    for (Map.Entry<String, ReportCollector.FileUse> e : seen.files.entrySet()) {
      ReportCollector.FileUse use = e.getValue();
      boolean isChange =
          use.writes > 0 || use.created || use.deleted || use.renamed || use.attributes;
      String path = e.getKey();
      boolean device = path.matches("/dev/(null|zero|full|tty|ptmx|pts/.*)");
      if (changed != isChange || changed && device) {
        continue;
      }
      if (!changed && (path.startsWith(tree) || Rules.isSystem(path))) {
        continue;
      }
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("path", path);
      one.put("reads", use.reads);
      one.put("writes", use.writes);
      one.put("refused", use.refused);
      one.put("bytesRead", use.bytesRead);
      one.put("bytesWritten", use.bytesWritten);
      one.put("created", use.created);
      one.put("deleted", use.deleted);
      one.put("renamed", use.renamed);
      one.put("attributesChanged", use.attributes);
      one.put("pid", use.firstPid);
      list.add(one);
    }
    return list;
  }

  private static List<Object> network(ReportCollector seen) {
    List<Object> list = new ArrayList<>();
    seen.places()
        .forEach((at, use) -> {
          Map<String, @Nullable Object> one = new LinkedHashMap<>();
          one.put("action", at.action());
          one.put("protocol", at.protocol());
          one.put("address", at.address());
          one.put("port", at.port());
          one.put("name", at.name());
          one.put("times", use.times);
          one.put("failures", use.failures);
          one.put("outcome", use.outcome);
          one.put("rule", use.rule);
          one.put("sent", use.sent);
          one.put("received", use.received);
          one.put("pid", use.firstPid);
          list.add(one);
        });
    return list;
  }

  /**
   * System calls.
   *
   * @param parts whether the engine tells where the time of a call went
   */
  private static List<Object> calls(
      ReportCollector seen, Optional<Statistics> figures, boolean parts) {
    List<Map<String, @Nullable Object>> rows = new ArrayList<>();
    if (figures.isPresent() && !figures.get().calls().isEmpty()) {
      for (Statistics.Calls c : figures.get().calls()) {
        LatencyHistogram h = c.latency();
        Map<String, @Nullable Object> one = new LinkedHashMap<>();
        one.put("name", c.name());
        one.put("count", h.count());
        one.put("failures", c.failures());
        one.put("totalNanos", h.sum());
        if (parts) {
          one.put("sentryNanos", c.insideNanos());
          one.put("diskNanos", c.disk().sum());
          one.put("blockedNanos", c.blocked().sum());
          one.put("handOverNanos", c.handOver().sum());
        }
        one.put("p50Nanos", h.percentile(50));
        one.put("p99Nanos", h.percentile(99));
        one.put("maxNanos", h.max());
        rows.add(one);
      }
    } else {
      seen.calls.forEach((number, n) -> {
        Map<String, @Nullable Object> one = new LinkedHashMap<>();
        one.put("name", seen.name(number));
        one.put("count", n[0]);
        one.put("failures", n[1]);
        rows.add(one);
      });
    }
    rows.sort(Comparator.comparingLong(row -> -number(row, "count")));
    return new ArrayList<>(rows.subList(0, Math.min(rows.size(), MOST_CALLS)));
  }

  private static List<Object> counts(Map<String, Long> counts) {
    List<Object> list = new ArrayList<>();
    counts.forEach((name, count) -> {
      Map<String, @Nullable Object> one = new LinkedHashMap<>();
      one.put("name", name);
      one.put("count", count);
      list.add(one);
    });
    return list;
  }

  private static Map<String, @Nullable Object> resources(Statistics s) {
    Statistics.Resources r = s.resources();
    Map<String, @Nullable Object> one = new LinkedHashMap<>();
    one.put("userNanos", r.userNanos());
    one.put("systemNanos", r.systemNanos());
    one.put("memoryBytes", r.memoryBytes());
    one.put("bytesRead", r.bytesRead());
    one.put("bytesWritten", r.bytesWritten());
    one.put("minorFaults", r.minorFaults());
    one.put("majorFaults", r.majorFaults());
    one.put("outOfMemoryKills", r.outOfMemoryKills());
    return one;
  }

  // ---- access for those who show it ----

  /** A number; 0 if there is none. */
  static long number(Map<?, ?> of, String name) {
    return of.get(name) instanceof Number n ? n.longValue() : 0;
  }

  static String text(Map<?, ?> of, String name) {
    Object value = of.get(name);
    return value == null ? "" : value.toString();
  }

  static boolean flag(Map<?, ?> of, String name) {
    return Boolean.TRUE.equals(of.get(name));
  }

  static List<Map<?, ?>> maps(Map<?, ?> of, String name) {
    List<Map<?, ?>> maps = new ArrayList<>();
    if (of.get(name) instanceof List<?> list) {
      for (Object o : list) {
        if (o instanceof Map<?, ?> map) {
          maps.add(map);
        }
      }
    }
    return maps;
  }

  static List<String> texts(Map<?, ?> of, String name) {
    List<String> texts = new ArrayList<>();
    if (of.get(name) instanceof List<?> list) {
      list.forEach(o -> texts.add(String.valueOf(o)));
    }
    return texts;
  }

  Map<String, @Nullable Object> root() {
    return root;
  }

  /** "high", "medium", "low" or "info". */
  public String level() {
    return text(root, "level");
  }

  // ---- JSON ----

  /** As JSON. */
  public byte[] json() {
    byte[] document = JsonDocument.write(out -> JsonDocument.write(out, root));
    byte[] line = Arrays.copyOf(document, document.length + 1);
    line[document.length] = '\n';
    return line;
  }

  /**
   * Reads one back.
   *
   * @throws IOException if it is none of this version
   */
  public static Report read(byte[] json) throws IOException {
    if (json.length > MOST_BYTES) {
      throw new IOException("not a report: larger than " + MOST_BYTES + " bytes");
    }
    Object document;
    try {
      document = JsonDocument.read(json, MAX_DEPTH);
    } catch (BadDocumentException e) {
      throw new IOException("not a report: " + e.getMessage(), e);
    }
    if (document instanceof Map<?, ?> map && number(map, "schemaVersion") == SCHEMA_VERSION) {
      Map<String, @Nullable Object> root = new LinkedHashMap<>();
      map.forEach((k, v) -> root.put(String.valueOf(k), v));
      return new Report(root);
    }
    throw new IOException("not a report of this version of Vivarium");
  }

  /** In one of the forms there are: text, json or html; empty for another word. */
  public Optional<byte[]> as(String form) {
    return switch (form) {
      case "json" -> Optional.of(json());
      case "html" -> Optional.of(ReportHtml.of(this).getBytes(StandardCharsets.UTF_8));
      case "text" -> Optional.of(ReportText.of(this).getBytes(StandardCharsets.UTF_8));
      default -> Optional.empty();
    };
  }

  /** What a file of this name is to hold. */
  public static String formOfFile(String name) {
    return name.endsWith(".json") ? "json" : name.matches(".*\\.html?") ? "html" : "text";
  }
}

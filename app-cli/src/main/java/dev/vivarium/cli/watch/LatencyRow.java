package dev.vivarium.cli.watch;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One thing that was timed: a system call, a file, a host.
 *
 * @param name what it is called
 * @param latency how long it took
 * @param parts nanoseconds by where they went; empty if that is not known
 * @param counted of what is no call, what was counted
 */
record LatencyRow(
    String name, LatencyHistogram latency, Map<String, Long> parts, Map<String, Long> counted) {
  /**
   * Whether an engine tells where the time of a call went. A guest's own kernel only says how long
   * it took.
   */
  static boolean hasParts(String engine) {
    return !engine.equals("microvm");
  }

  /** What there is of a kind: syscall, file or host. */
  static List<LatencyRow> of(Statistics figures, String by, String engine) {
    List<LatencyRow> rows = new ArrayList<>();
    switch (by) {
      case "file" -> figures.files().forEach(f -> rows.add(file(f)));
      case "host" -> figures.hosts().forEach(h -> rows.add(host(h)));
      default -> figures.calls().forEach(c -> rows.add(call(c, hasParts(engine))));
    }
    return rows;
  }

  private static LatencyRow call(Statistics.Calls c, boolean hasParts) {
    Map<String, Long> parts = new LinkedHashMap<>();
    if (!hasParts) {
      return new LatencyRow(c.name(), c.latency(), parts, Map.of());
    }
    parts.put("sentry", c.insideNanos());
    parts.put("disk", c.disk().sum());
    parts.put("blocked", c.blocked().sum());
    parts.put("handOver", c.handOver().sum());
    return new LatencyRow(c.name(), c.latency(), parts, Map.of());
  }

  private static LatencyRow file(Statistics.Files f) {
    Map<String, Long> counted = new LinkedHashMap<>();
    counted.put("reads", f.reads());
    counted.put("writes", f.writes());
    counted.put("bytesRead", f.bytesRead());
    counted.put("bytesWritten", f.bytesWritten());
    Map<String, Long> parts = new LinkedHashMap<>();
    parts.put("sentry", f.insideNanos());
    parts.put("disk", f.diskNanos());
    parts.put("blocked", f.blockedNanos());
    parts.put("handOver", f.handOverNanos());
    return new LatencyRow(Escape.c(f.path()), f.latency(), parts, counted);
  }

  private static LatencyRow host(Statistics.Hosts h) {
    Map<String, Long> counted = new LinkedHashMap<>();
    counted.put("connections", h.connections());
    counted.put("sent", h.sent());
    counted.put("received", h.received());
    return new LatencyRow(
        Escape.c(h.name())
            + ":"
            + h.port()
            + "/"
            + Escape.c(h.protocol())
            + (h.allowed() ? "" : " (refused)"),
        h.latency(),
        Map.of(),
        counted);
  }
}

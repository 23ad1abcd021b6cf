package dev.vivarium.engine.watch.report;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a run needed of what it was given, out of its report.
 *
 * @param connections that the policy allowed
 * @param touched paths of files that it read or changed, or tried to
 * @param changed those of them that it changed
 * @param calls names of the system calls that it made
 * @param most tasks at a time
 * @param durationNanos how long it took
 */
public record Used(
    List<Connection> connections,
    Set<String> touched,
    Set<String> changed,
    Set<String> calls,
    int most,
    long durationNanos) {

  /**
   * A way out that was taken.
   *
   * @param name as it was asked for; empty if only an address was
   * @param rule of the policy that allowed it
   */
  public record Connection(String protocol, String name, String address, int port, String rule) {}

  /** Reads it. */
  public static Used of(Report report) {
    Map<String, ?> root = report.root();
    Set<Connection> connections = new LinkedHashSet<>();
    for (Map<?, ?> use : rows(root.get("network"))) {
      String protocol = text(use, "protocol");
      boolean outside = protocol.equals("tcp") || protocol.equals("udp");
      if (outside && text(use, "outcome").equals("allowed") && !text(use, "rule").isEmpty()) {
        connections.add(
            new Connection(
                protocol,
                text(use, "name"),
                text(use, "address"),
                (int) number(use, "port"),
                text(use, "rule")));
      }
    }
    Set<String> touched = new LinkedHashSet<>();
    Set<String> changed = new LinkedHashSet<>();
    rows(root.get("filesRead")).forEach(f -> touched.add(text(f, "path")));
    rows(root.get("filesChanged")).forEach(f -> changed.add(text(f, "path")));
    touched.addAll(changed);
    Set<String> calls = new LinkedHashSet<>();
    rows(root.get("systemCalls")).forEach(c -> calls.add(text(c, "name")));
    return new Used(
        List.copyOf(connections),
        touched,
        changed,
        calls,
        most(rows(root.get("processes"))),
        number(root, "durationNanos"));
  }

  /** How many tasks there were at the busiest moment: each process with all its threads. */
  private static int most(List<Map<?, ?>> processes) {
    int most = 0;
    for (Map<?, ?> at : processes) {
      long moment = number(at, "startNanos");
      long alive = 0;
      for (Map<?, ?> p : processes) {
        boolean ended = p.get("endNanos") instanceof Number n && n.longValue() <= moment;
        if (number(p, "startNanos") <= moment && !ended) {
          alive += Math.max(1, number(p, "threads"));
        }
      }
      most = (int) Math.max(most, Math.min(alive, Integer.MAX_VALUE));
    }
    return most;
  }

  private static List<Map<?, ?>> rows(@org.jspecify.annotations.Nullable Object list) {
    List<Map<?, ?>> rows = new ArrayList<>();
    if (list instanceof List<?> all) {
      for (Object one : all) {
        if (one instanceof Map<?, ?> row) {
          rows.add(row);
        }
      }
    }
    return rows;
  }

  private static String text(Map<?, ?> row, String name) {
    return row.get(name) instanceof String s ? s : "";
  }

  private static long number(Map<?, ?> row, String name) {
    return row.get(name) instanceof Number n ? n.longValue() : 0;
  }
}

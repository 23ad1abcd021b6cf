package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What was done with each file, by its path when it was first seen. The table is bounded: a guest
 * may open as many files as it likes.
 */
final class FileRows {
  private static final int MOST_PATHS = 4096;

  /** How many are told of: the most used ones. */
  private static final int MOST_TOLD = 1000;

  /** Of files that are not counted: there may be any number of them. */
  private static final LatencyHistogram UNUSED = new LatencyHistogram();

  /** One path. */
  static final class Row {
    final byte[] path;
    final boolean counts;
    final LatencyHistogram latency;
    long reads;
    long writes;
    long bytesRead;
    long bytesWritten;
    long blockedNanos;
    long diskNanos;
    long handOverNanos;

    Row(byte[] path, boolean counts) {
      this.path = path;
      this.counts = counts;
      this.latency = counts ? new LatencyHistogram() : UNUSED;
    }
  }

  /** One open file. */
  static final class Open {
    final Row row;
    long bytesRead;
    long bytesWritten;

    Open(Row row) {
      this.row = row;
    }
  }

  private final Map<String, Row> byPath = new HashMap<>();
  private long lost;

  /** What is kept of an open file. */
  Open of(Task t, File f) {
    if (f.watched instanceof Open known) {
      return known;
    }
    String path = f.path != null ? f.path.display(t.fs.root()) : f.inode.anonymousName();
    Row row = byPath.get(path);
    if (row == null) {
      boolean room = byPath.size() < MOST_PATHS;
      row = new Row(path.getBytes(StandardCharsets.ISO_8859_1), room);
      if (room) {
        byPath.put(path, row);
      }
    }
    Open open = new Open(row);
    f.watched = open;
    return open;
  }

  /** What a call has moved. */
  static void move(Open open, boolean writes, long result) {
    if (writes) {
      open.bytesWritten += Math.max(0, result);
    } else {
      open.bytesRead += Math.max(0, result);
    }
  }

  void count(Task t, Row row, boolean writes, long result, long nanos) {
    if (!row.counts) {
      lost++;
      return;
    }
    row.latency.record(nanos);
    row.blockedNanos += t.blockedNanos;
    row.diskNanos += t.diskNanos;
    row.handOverNanos += t.handOverNanos;
    if (writes) {
      row.writes++;
      row.bytesWritten += Math.max(0, result);
    } else {
      row.reads++;
      row.bytesRead += Math.max(0, result);
    }
  }

  long lost() {
    return lost;
  }

  List<Statistics.Files> rows() {
    List<Row> used = new ArrayList<>();
    for (Row row : byPath.values()) {
      if (row.latency.count() > 0) {
        used.add(row);
      }
    }
    used.sort(Comparator.comparingLong((Row row) -> -row.latency.sum()));
    List<Statistics.Files> told = new ArrayList<>();
    for (Row row : used.subList(0, Math.min(used.size(), MOST_TOLD))) {
      told.add(
          new Statistics.Files(
              new String(row.path, StandardCharsets.ISO_8859_1),
              row.reads,
              row.writes,
              row.bytesRead,
              row.bytesWritten,
              row.latency.copy(),
              row.blockedNanos,
              row.diskNanos,
              row.handOverNanos));
    }
    return told;
  }
}

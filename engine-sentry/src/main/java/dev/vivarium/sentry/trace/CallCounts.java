package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.LatencyHistogram;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.syscalls.SyscallTable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How often each call was made, and how long it took: exact, whatever becomes of the events. */
final class CallCounts {
  private static final class Row {
    private final LatencyHistogram latency = new LatencyHistogram();
    private final LatencyHistogram blocked = new LatencyHistogram();
    private final LatencyHistogram disk = new LatencyHistogram();
    private final LatencyHistogram handOver = new LatencyHistogram();
    private long failures;
  }

  /** The last row is that of all numbers beyond the table. */
  private final @Nullable Row[] rows = new Row[CallWatcher.CALLS + 1];

  void add(Task t, int number, long result, long nanos) {
    int index = number >= 0 && number < CallWatcher.CALLS ? number : CallWatcher.CALLS;
    Row row = rows[index];
    if (row == null) {
      row = new Row();
      rows[index] = row;
    }
    row.latency.record(nanos);
    if (result < 0 && result >= -4095) {
      row.failures++;
    }
    if (t.blockedNanos != 0) {
      row.blocked.record(t.blockedNanos);
      row.handOver.record(t.handOverNanos);
    }
    if (t.diskNanos != 0) {
      row.disk.record(t.diskNanos);
    }
  }

  List<Statistics.Calls> rows(SyscallTable table) {
    List<Statistics.Calls> list = new ArrayList<>();
    for (int number = 0; number < rows.length; number++) {
      Row row = rows[number];
      if (row != null) {
        list.add(
            new Statistics.Calls(
                number,
                number == CallWatcher.CALLS ? "(no such call)" : table.name(number),
                row.failures,
                row.latency.copy(),
                row.blocked.copy(),
                row.disk.copy(),
                row.handOver.copy()));
      }
    }
    return list;
  }
}

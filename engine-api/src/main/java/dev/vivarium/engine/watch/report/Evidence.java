package dev.vivarium.engine.watch.report;

import dev.vivarium.engine.watch.Event;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What supports one verdict: how often it was seen, and the first few times. */
final class Evidence {
  private static final int KEPT = 12;

  private final List<Map<String, @Nullable Object>> first = new ArrayList<>();
  private long count;
  private boolean succeeded;

  /** One more. */
  void add(Event e, String what, boolean success) {
    count++;
    succeeded |= success;
    if (first.size() >= KEPT) {
      return;
    }
    for (Map<String, @Nullable Object> seen : first) {
      if (what.equals(seen.get("what"))) {
        return;
      }
    }
    Map<String, @Nullable Object> one = new LinkedHashMap<>();
    one.put("timeNanos", e.timeNanos());
    one.put("pid", e.pid());
    one.put("what", what);
    one.put("succeeded", success);
    first.add(one);
  }

  boolean isEmpty() {
    return count == 0;
  }

  long count() {
    return count;
  }

  boolean succeeded() {
    return succeeded;
  }

  List<Map<String, @Nullable Object>> first() {
    return first;
  }
}

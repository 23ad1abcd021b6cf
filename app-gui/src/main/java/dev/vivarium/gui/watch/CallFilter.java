package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.export.EventText;
import java.util.Locale;
import java.util.function.Predicate;

/**
 * Which events a table shows.
 *
 * @param text in the name of the call, or in a path that it is about; empty for all
 * @param failed only calls that failed
 * @param slowerNanos only calls that took at least so long
 * @param hideWaiting leave out calls that mostly waited as they were asked to
 */
public record CallFilter(String text, boolean failed, long slowerNanos, boolean hideWaiting)
    implements Predicate<Event> {
  /** Everything. */
  public static final CallFilter ALL = new CallFilter("", false, 0, false);

  public CallFilter {
    text = text.strip().toLowerCase(Locale.ROOT);
  }

  @Override
  public boolean test(Event e) {
    boolean call = e.kind() == EventKind.SYSCALL;
    if (failed && !e.failed()
        || slowerNanos > 0 && !(call && e.durationNanos() >= slowerNanos)
        || hideWaiting && call && e.blockedNanos() * 2 > e.durationNanos()) {
      return false;
    }
    return text.isEmpty() || matchesText(e);
  }

  private boolean matchesText(Event e) {
    if (text.matches("[0-9]+") && (e.pid() == number() || e.tid() == number())) {
      return true;
    }
    String name =
        e.kind() == EventKind.SYSCALL ? CallTable.get().name(e.number()) : e.kind().word();
    if (name.toLowerCase(Locale.ROOT).contains(text)) {
      return true;
    }
    for (String path : EventText.paths(e)) {
      if (path.toLowerCase(Locale.ROOT).contains(text)) {
        return true;
      }
    }
    return false;
  }

  private int number() {
    return text.length() > 9 ? -1 : Integer.parseInt(text);
  }
}

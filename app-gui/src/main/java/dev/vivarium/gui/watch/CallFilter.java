package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.PackedEvents;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.export.EventText;
import java.util.Locale;

/**
 * Which events a table shows.
 *
 * @param text in the name of the call, or in a path that it is about; empty for all
 * @param failed only calls that failed
 * @param slowerNanos only calls that took at least so long
 * @param hideWaiting leave out calls that mostly waited as they were asked to
 */
public record CallFilter(String text, boolean failed, long slowerNanos, boolean hideWaiting) {
  /** Everything. */
  public static final CallFilter ALL = new CallFilter("", false, 0, false);

  public CallFilter {
    text = text.strip().toLowerCase(Locale.ROOT);
  }

  /** Whether it lets through what is at this place. */
  public boolean test(PackedEvents events, int at) {
    boolean call = events.isCall(at);
    if (failed && !events.failed(at)
        || slowerNanos > 0 && !(call && events.durationNanos(at) >= slowerNanos)
        || hideWaiting && call && events.blockedNanos(at) * 2 > events.durationNanos(at)) {
      return false;
    }
    return text.isEmpty() || matchesText(events, at, call);
  }

  private boolean matchesText(PackedEvents events, int at, boolean call) {
    if (isNumber() && (events.pid(at) == number() || events.tid(at) == number())) {
      return true;
    }
    if (call && CallTable.get().name(events.number(at)).contains(text)) {
      return true;
    }
    if (call && !events.hasItems(at)) {
      return false; // it is about no path
    }
    Event e = events.get(at);
    if (!call && e.kind().word().contains(text)) {
      return true;
    }
    for (String path : EventText.paths(e)) {
      if (path.toLowerCase(Locale.ROOT).contains(text)) {
        return true;
      }
    }
    return false;
  }

  private boolean isNumber() {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  private int number() {
    return text.length() > 9 ? -1 : Integer.parseInt(text);
  }
}

package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.FileAction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What a sandbox did with files, in the network and with processes, by time: how much in each tenth
 * of a second of the last hour, and the last events themselves. Events come on one thread,
 * questions on another; it takes the same room however many come.
 */
final class ActivityModel implements Consumer<Event> {
  /** So long is a slot. */
  static final long SLOT_NANOS = 100_000_000;

  /** So many slots are kept: an hour. */
  static final int SLOTS = 36_000;

  /** So many events are kept of each lane. */
  static final int KEEP = 2000;

  /** What belongs together, and is drawn in one line. */
  enum Lane {
    PROCESSES,
    READ,
    CHANGED,
    NETWORK,
    REFUSED
  }

  private final int[][] counts = new int[Lane.values().length][SLOTS];
  private final long[] totals = new long[Lane.values().length];
  private final List<Deque<Event>> kept = new ArrayList<>();
  private long newest = -1;
  private long version;

  ActivityModel() {
    for (int i = 0; i < Lane.values().length; i++) {
      kept.add(new ArrayDeque<>());
    }
  }

  /** Where an event belongs; empty for what is not shown by time. */
  static Optional<Lane> lane(Event e) {
    return switch (e.kind()) {
      case START -> e.number() == e.result() ? Optional.of(Lane.PROCESSES) : Optional.empty();
      case EXEC, EXIT, SIGNAL -> Optional.of(Lane.PROCESSES);
      case FILE -> file(e.number());
      case NETWORK -> Optional.of(e.result() == 0 ? Lane.REFUSED : Lane.NETWORK);
      case POLICY -> e.result() == 0 ? Optional.of(Lane.REFUSED) : Optional.empty();
      case LIMIT -> Optional.of(Lane.REFUSED);
      default -> Optional.empty();
    };
  }

  private static Optional<Lane> file(int action) {
    if (action == FileAction.CLOSE.ordinal()) {
      return Optional.empty(); // of one that was told of when it was opened
    }
    return Optional.of(action == FileAction.READ.ordinal() ? Lane.READ : Lane.CHANGED);
  }

  @Override
  public void accept(Event e) {
    Optional<Lane> lane = lane(e);
    if (lane.isPresent()) {
      add(lane.get().ordinal(), e);
    }
  }

  private synchronized void add(int lane, Event e) {
    long slot = Math.max(0, e.timeNanos() / SLOT_NANOS);
    if (slot > newest) {
      // A time far ahead may be nonsense; it costs one round at most.
      for (long s = Math.max(newest + 1, slot - SLOTS + 1); s <= slot; s++) {
        for (int[] of : counts) {
          of[(int) (s % SLOTS)] = 0;
        }
      }
      newest = slot;
    }
    if (slot > newest - SLOTS) {
      counts[lane][(int) (slot % SLOTS)]++;
    }
    totals[lane]++;
    Deque<Event> events = kept.get(lane);
    events.addLast(e);
    if (events.size() > KEEP) {
      events.removeFirst();
    }
    version++;
  }

  /** Grows with each event. */
  synchronized long version() {
    return version;
  }

  /** The number of the newest slot with anything; below 0 if there is none. */
  synchronized long newest() {
    return newest;
  }

  synchronized long total(Lane lane) {
    return totals[lane.ordinal()];
  }

  /**
   * Counts of a lane, several slots together.
   *
   * @param from number of the first slot; what is not kept counts as nothing
   * @param into one number for each {@code width} slots
   */
  synchronized void counts(Lane lane, long from, double width, long[] into) {
    int[] of = counts[lane.ordinal()];
    for (int i = 0; i < into.length; i++) {
      long begin = Math.round(from + i * width);
      long end = Math.max(begin + 1, Math.round(from + (i + 1) * width));
      long sum = 0;
      for (long s = Math.max(0, Math.max(begin, newest - SLOTS + 1));
          s < Math.min(end, newest + 1);
          s++) {
        sum += of[(int) (s % SLOTS)];
      }
      into[i] = sum;
    }
  }

  /** The events that are kept of these lanes, by time. */
  synchronized List<Event> events(Set<Lane> lanes) {
    List<Event> all = new ArrayList<>();
    for (Lane lane : lanes) {
      all.addAll(kept.get(lane.ordinal()));
    }
    all.sort(java.util.Comparator.comparingLong(Event::sequence));
    return all;
  }
}

package dev.vivarium.gui.watch;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.PackedEvents;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.gui.frame.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Drains one sandbox's ring of events, and keeps the last of those that a filter lets through.
 * However many come, a view asks for the few that it can show: nothing is queued for the JavaFX
 * thread, and no object is made for an event that nobody looks at.
 */
public final class CallFeed implements AutoCloseable {
  /** So many events are kept; of those that a filter lets through, as many as there are of them. */
  static final int KEEP = 1 << 15;

  private static final int BATCH = 512;

  /** Less than a frame, and much less than a ring has room for. */
  private static final long POLL_MILLIS = 10;

  /** Where events come from; a test has its own. */
  public interface Source extends AutoCloseable {
    /** Moves the next one to a place; false if there is none yet. */
    boolean poll(PackedEvents into, int place) throws IOException;

    long dropped();

    boolean isAtEnd();

    @Override
    void close();
  }

  /** Hears what comes, on the feed's thread. */
  public interface Listener {
    /** A process made a call: of a row of calls of the same one, only the first is told of. */
    void calls(int pid);

    /** Anything else than a call. */
    void event(Event e);
  }

  private final Listener also;
  private final Consumer<Problem> failed;
  private final Thread thread;
  private volatile boolean closed;

  // Guarded by this.
  private final PackedEvents kept = new PackedEvents(KEEP);
  private long count;

  /** Null while everything matches: then they are the same. */
  private @Nullable PackedEvents matched;

  private long matches;
  private CallFilter filter = CallFilter.ALL;
  private long dropped;
  private boolean ended;

  /** Opens a source, not on the JavaFX thread. */
  public interface Opening {
    Source open() throws EngineException, IOException, InterruptedException;
  }

  /**
   * Begins.
   *
   * @param failed hears why nothing more will come, on the feed's thread
   */
  public CallFeed(Opening opening, Listener also, Consumer<Problem> failed) {
    this.also = also;
    this.failed = failed;
    thread = new Thread(() -> run(opening), "call-feed");
    thread.setDaemon(true);
    thread.start();
  }

  /** The events of a running sandbox, with what its ring still has of those before. */
  public static Opening of(Directories directories, SandboxState sandbox) {
    return () -> {
      Look look = Look.at(directories, sandbox);
      try {
        look.begin(true, false);
        Path ring = RunDirectory.of(directories, sandbox.id()).path().resolve(Watch.FILE);
        EventReader reader = new EventReader(ring, true);
        return new Source() {
          @Override
          public boolean poll(PackedEvents into, int place) throws IOException {
            return reader.poll(into, place);
          }

          @Override
          public long dropped() {
            return reader.dropped();
          }

          @Override
          public boolean isAtEnd() {
            return look.hasEnded() || reader.isAtEnd();
          }

          @Override
          public void close() {
            look.close();
            reader.close();
          }
        };
      } catch (EngineException | IOException | InterruptedException | RuntimeException e) {
        look.close();
        throw e;
      }
    };
  }

  private void run(Opening opening) {
    try (Source source = opening.open()) {
      PackedEvents batch = new PackedEvents(BATCH);
      while (!closed) {
        boolean end = source.isAtEnd();
        int n = 0;
        while (n < BATCH && source.poll(batch, n)) {
          n++;
        }
        tell(batch, n);
        add(batch, n, source.dropped());
        if (n == 0) {
          if (end) {
            break;
          }
          Thread.sleep(POLL_MILLIS);
        }
      }
    } catch (EngineException | IOException | RuntimeException e) {
      if (!closed) {
        failed.accept(Problem.of(e));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      synchronized (this) {
        ended = true;
      }
    }
  }

  private void tell(PackedEvents batch, int n) {
    int last = -1;
    for (int i = 0; i < n; i++) {
      if (!batch.isCall(i)) {
        also.event(batch.get(i));
      } else if (batch.pid(i) != last) {
        last = batch.pid(i);
        also.calls(last);
      }
    }
  }

  private synchronized void add(PackedEvents batch, int n, long lost) {
    dropped = lost;
    int at = (int) (count & (KEEP - 1));
    int first = Math.min(n, KEEP - at);
    kept.copy(batch, 0, at, first);
    kept.copy(batch, first, 0, n - first);
    count += n;
    PackedEvents m = matched;
    if (m == null) {
      matches = count;
      return;
    }
    for (int i = 0; i < n; i++) {
      if (filter.test(batch, i)) {
        m.copy(batch, i, (int) (matches++ & (KEEP - 1)), 1);
      }
    }
  }

  /** Lets through something else from now on, and of what is kept. */
  public synchronized void setFilter(CallFilter wanted) {
    filter = wanted;
    if (wanted.equals(CallFilter.ALL)) {
      matched = null;
      matches = count;
      return;
    }
    PackedEvents m = new PackedEvents(KEEP);
    matched = m;
    matches = 0;
    for (long i = Math.max(0, count - KEEP); i < count; i++) {
      int at = (int) (i & (KEEP - 1));
      if (wanted.test(kept, at)) {
        m.copy(kept, at, (int) (matches++ & (KEEP - 1)), 1);
      }
    }
  }

  /**
   * Figures of this moment.
   *
   * @param count of events that came
   * @param matches of these, that the filter let through
   * @param first the number of the oldest of these that is still there
   * @param dropped how many were lost because they came too fast
   */
  public record Extent(long count, long matches, long first, long dropped, boolean ended) {}

  public synchronized Extent extent() {
    return new Extent(count, matches, Math.max(0, matches - KEEP), dropped, ended);
  }

  /**
   * Gives those that match and have these numbers; what is not there any more is null.
   *
   * @return how many were given
   */
  public synchronized int copy(long from, @Nullable Event[] into) {
    PackedEvents events = matched == null ? kept : matched;
    int n = 0;
    for (long i = from; i < matches && n < into.length; i++) {
      into[n++] = i < 0 || i < matches - KEEP ? null : events.get((int) (i & (KEEP - 1)));
    }
    return n;
  }

  /** All that match and are there, to be looked at in peace while others come. */
  public synchronized PackedEvents freeze() {
    int n = (int) Math.min(KEEP, matches);
    PackedEvents all = new PackedEvents(n);
    PackedEvents events = matched == null ? kept : matched;
    int at = (int) (matches - n & (KEEP - 1));
    int first = Math.min(n, KEEP - at);
    all.copy(events, at, 0, first);
    all.copy(events, 0, first, n - first);
    return all;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}

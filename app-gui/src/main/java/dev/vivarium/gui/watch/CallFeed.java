package dev.vivarium.gui.watch;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.client.Look;
import dev.vivarium.engine.state.Directories;
import dev.vivarium.engine.state.RunDirectory;
import dev.vivarium.engine.state.SandboxState;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.Watch;
import dev.vivarium.gui.frame.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Drains one sandbox's ring of events, and keeps the last of those that a filter lets through.
 * However many come, a view asks for the few that it can show: nothing is queued for the JavaFX
 * thread.
 */
public final class CallFeed implements AutoCloseable {
  /** So many events are kept; of those that a filter lets through, as many as there are of them. */
  static final int KEEP = 1 << 15;

  private static final int BATCH = 512;
  private static final long POLL_MILLIS = 5;

  /** Where events come from; a test has its own. */
  public interface Source extends AutoCloseable {
    /** The next one; empty if there is none yet. */
    Optional<Event> poll() throws IOException;

    long dropped();

    boolean isAtEnd();

    @Override
    void close();
  }

  private final Consumer<Event> also;
  private final Consumer<Problem> failed;
  private final Thread thread;
  private volatile boolean closed;

  // Guarded by this.
  private final @Nullable Event[] kept = new Event[KEEP];
  private long count;
  private @Nullable Event[] matched = new Event[KEEP];
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
   * @param also hears every event, on the feed's thread
   * @param failed hears why nothing more will come, on the feed's thread
   */
  public CallFeed(Opening opening, Consumer<Event> also, Consumer<Problem> failed) {
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
          public Optional<Event> poll() throws IOException {
            return reader.poll();
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
      @Nullable Event[] batch = new Event[BATCH];
      while (!closed) {
        boolean end = source.isAtEnd();
        int n = 0;
        while (n < BATCH) {
          Optional<Event> next = source.poll();
          if (next.isEmpty()) {
            break;
          }
          batch[n++] = next.get();
        }
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

  private void add(@Nullable Event[] batch, int n, long lost) {
    for (int i = 0; i < n; i++) {
      Event e = batch[i];
      if (e != null) {
        also.accept(e);
      }
    }
    synchronized (this) {
      dropped = lost;
      for (int i = 0; i < n; i++) {
        Event e = batch[i];
        if (e == null) {
          continue;
        }
        kept[(int) (count++ & (KEEP - 1))] = e;
        if (filter.test(e)) {
          matched[(int) (matches++ & (KEEP - 1))] = e;
        }
      }
    }
  }

  /** Lets through something else from now on, and of what is kept. */
  public synchronized void setFilter(CallFilter wanted) {
    filter = wanted;
    Arrays.fill(matched, null);
    matches = 0;
    for (long i = Math.max(0, count - KEEP); i < count; i++) {
      Event e = kept[(int) (i & (KEEP - 1))];
      if (e != null && wanted.test(e)) {
        matched[(int) (matches++ & (KEEP - 1))] = e;
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
   * Copies those that match and have these numbers; what is not there any more is null.
   *
   * @return how many were copied
   */
  public synchronized int copy(long from, @Nullable Event[] into) {
    int n = 0;
    for (long i = from; i < matches && n < into.length; i++) {
      into[n++] = i < 0 || i < matches - KEEP ? null : matched[(int) (i & (KEEP - 1))];
    }
    return n;
  }

  /** All that match and are there, to be looked at in peace while others come. */
  public synchronized Event[] freeze() {
    int n = (int) Math.min(KEEP, matches);
    Event[] all = new Event[n];
    for (int i = 0; i < n; i++) {
      Event e = matched[(int) ((matches - n + i) & (KEEP - 1))];
      if (e == null) {
        throw new IllegalStateException("a hole among what is kept");
      }
      all[i] = e;
    }
    return all;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}

package dev.vivarium.engine.watch;

import dev.vivarium.engine.watch.export.EventOutput;
import java.io.Closeable;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes down a run from its first event to its last, in the sandbox's own process. Nothing is
 * lost: when it falls behind, the sandbox waits for it. If what it writes to fails, the sandbox
 * goes on without it.
 */
public final class Recorder implements Closeable, EventWriter.Follower {
  /**
   * A wake-up takes time from the guest, and the ring has room for more than is made in this time.
   */
  private static final long IDLE_NANOS = 2_000_000;

  /** What was written goes out when nothing came for so many looks. */
  private static final int FLUSH_AFTER = 30;

  private final EventReader reader;
  private final List<EventOutput> outputs;
  private final Closeable look;
  private final Thread thread;
  private final BlockingQueue<FutureTask<?>> questions = new LinkedBlockingQueue<>();
  private volatile boolean over;
  private volatile boolean gone;
  private volatile @Nullable IOException failure;

  /**
   * Begins to record.
   *
   * @param counts whether calls are to be counted as well
   */
  public Recorder(Watch watch, List<EventOutput> outputs, boolean counts) throws IOException {
    this(watch, outputs, new Wants(true, counts, false, false));
  }

  /** Begins to record. */
  public Recorder(Watch watch, List<EventOutput> outputs, Wants wants) throws IOException {
    this.outputs = List.copyOf(outputs);
    this.look = watch.look(wants);
    Set<EventKind> more = EnumSet.noneOf(EventKind.class);
    if (wants.waits()) {
      more.add(EventKind.WAIT);
    }
    if (wants.packets()) {
      more.add(EventKind.PACKET);
    }
    this.reader = new EventReader(watch.ring(), true, more);
    this.thread = new Thread(null, this::run, "recorder", 512 << 10);
    watch.follow(this);
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    try {
      long idle = 0;
      while (true) {
        answer();
        boolean last = over;
        Optional<Event> next = reader.poll();
        if (next.isPresent()) {
          for (EventOutput output : outputs) {
            output.accept(next.get());
          }
          idle = 0;
          continue;
        }
        if (last) {
          break;
        }
        if (idle++ == FLUSH_AFTER) {
          for (EventOutput output : outputs) {
            output.flush();
          }
        }
        LockSupport.parkNanos(IDLE_NANOS);
      }
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException e) {
      failure = new IOException("recording failed: " + e, e);
    } finally {
      gone = true;
      answer();
      for (EventOutput output : outputs) {
        try {
          output.close();
        } catch (IOException e) {
          if (failure == null) {
            failure = e;
          }
        }
      }
    }
  }

  private void answer() {
    FutureTask<?> question = questions.poll();
    while (question != null) {
      question.run();
      question = questions.poll();
    }
  }

  /**
   * Asks something of the outputs while none of them takes an event.
   *
   * @throws IOException if the recorder is over
   */
  public <T> T between(Callable<T> question) throws IOException, InterruptedException {
    FutureTask<T> task = new FutureTask<>(question);
    questions.add(task);
    while (true) {
      boolean ended = !thread.isAlive();
      try {
        return task.get(ended ? 0 : 50, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (ended) {
          throw new IOException("it has ended", e);
        }
      } catch (ExecutionException e) {
        throw new IOException(String.valueOf(e.getCause()), e);
      }
    }
  }

  @Override
  public long taken() {
    return reader.next();
  }

  @Override
  public long payloadTaken() {
    return reader.payloadTaken();
  }

  @Override
  public boolean isGone() {
    return gone;
  }

  /**
   * Writes what is there and ends.
   *
   * @throws IOException if not everything could be written
   */
  @Override
  public void close() throws IOException {
    look.close();
    over = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the trace was written", e);
    }
    reader.close();
    IOException e = failure;
    if (e != null) {
      throw e;
    }
  }
}

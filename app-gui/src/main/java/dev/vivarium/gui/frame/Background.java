package dev.vivarium.gui.frame;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javafx.application.Platform;

/**
 * The only place where the desktop does work outside of the JavaFX thread: everything that may wait
 * (an engine, a sandbox's socket, the image store, a file) goes through here, and its result comes
 * back on the JavaFX thread. All threads are daemons: closing the window waits for nothing.
 */
public final class Background implements AutoCloseable {
  private final ExecutorService workers =
      Executors.newCachedThreadPool(task -> daemon(task, "desktop-work"));
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "desktop-clock"));

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Does something; its result, or what went wrong, is handed over on the JavaFX thread.
   *
   * @return cancelling it interrupts the work; nothing is handed over then
   */
  public <T> Future<?> run(Callable<T> work, Consumer<T> done, Consumer<Problem> failed) {
    return submit(() -> {
      try {
        T result = work.call();
        later(() -> done.accept(result));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception | LinkageError e) {
        if (!Thread.currentThread().isInterrupted()) {
          Problem problem = Problem.of(e);
          later(() -> failed.accept(problem));
        }
      }
    });
  }

  /** Does something that gives no result and looks after its own errors. */
  public Future<?> run(Runnable work) {
    return submit(work);
  }

  /** Once the window is closed nothing is begun any more, whatever a clock of it still asks for. */
  private Future<?> submit(Runnable work) {
    try {
      return workers.submit(work);
    } catch (RejectedExecutionException e) {
      return CompletableFuture.completedFuture(null);
    }
  }

  /** Does something again and again, each time so long after the last one ended. */
  public Future<?> every(long millis, Runnable work) {
    return clock.scheduleWithFixedDelay(
        () -> {
          try {
            work.run();
          } catch (RuntimeException e) {
            // The next turn tries again: a clock that stops would show stale figures as true.
            System.getLogger("vivarium").log(System.Logger.Level.WARNING, "periodic work", e);
          }
        },
        0,
        millis,
        TimeUnit.MILLISECONDS);
  }

  /** On the JavaFX thread; nothing once the toolkit has gone. */
  public static void later(Runnable task) {
    try {
      Platform.runLater(task);
    } catch (IllegalStateException e) {
      // The window is closed: nobody is left to be told.
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
    workers.shutdownNow();
  }
}

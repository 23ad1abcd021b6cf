package dev.vivarium.image.store;

import dev.vivarium.image.ImageException;
import dev.vivarium.image.ImageException.Kind;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Does a few things at once; the first that fails ends the others. */
final class Workers {
  private static final int PARALLEL = 4;

  private Workers() {}

  /** Something to do; it ends soon after its thread is interrupted. */
  interface Job {
    void run() throws ImageException, InterruptedException;
  }

  /** Runs the jobs; none is running any more when this returns or throws. */
  static void run(String what, List<Job> jobs) throws ImageException {
    if (jobs.isEmpty()) {
      return;
    }
    ExecutorService workers =
        Executors.newFixedThreadPool(
            Math.min(PARALLEL, jobs.size()),
            Thread.ofPlatform().daemon().name("layer-", 0).factory());
    try {
      ExecutorCompletionService<Boolean> results = new ExecutorCompletionService<>(workers);
      for (Job job : jobs) {
        results.submit(() -> {
          job.run();
          return true;
        });
      }
      for (int i = 0; i < jobs.size(); i++) {
        results.take().get();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ImageException(Kind.STORE, "interrupted: " + what + "; nothing was changed", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ImageException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      workers.shutdownNow();
      awaitEnd(workers);
    }
  }

  private static void awaitEnd(ExecutorService workers) {
    boolean interrupted = false;
    while (true) {
      try {
        if (workers.awaitTermination(1, TimeUnit.SECONDS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

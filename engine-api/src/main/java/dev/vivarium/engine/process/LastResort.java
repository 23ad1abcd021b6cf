package dev.vivarium.engine.process;

import dev.vivarium.engine.Engine;
import java.time.Duration;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Ends this process: when its sandbox is over, and when its engine does not come to an end in the
 * time that it is given: first with what can still be written down, then without waiting for it.
 */
final class LastResort {
  /** An engine that does not end within this time after it was told to is left to the kernel. */
  static final Duration GRACE = Duration.ofSeconds(5);

  /** Of each thread, in the log of one that did not end. */
  private static final int MOST_FRAMES = 16;

  private volatile @Nullable Engine engine;
  private volatile @Nullable SandboxLog log;

  /** The engine whose way to end the process is the fastest. */
  void use(Engine chosen) {
    engine = chosen;
  }

  /** Where it is told what was in the way. */
  void tell(SandboxLog opened) {
    log = opened;
  }

  /**
   * Ends the process unless it has ended by itself after {@link #GRACE}.
   *
   * @param exitCode its exit code if {@code last} comes to no end either
   * @param last what is to be done before; gives the exit code
   */
  void set(int exitCode, IntSupplier last) {
    Alarm.set("grace", GRACE, () -> giveUp(exitCode, last));
  }

  private void giveUp(int exitCode, IntSupplier last) {
    // What is to be written down may wait for what made it late: this waits for nothing.
    Alarm.set("last", GRACE, () -> end(exitCode));
    tellWhereItStands();
    int code = exitCode;
    try {
      code = last.getAsInt();
    } finally {
      end(code);
    }
  }

  /** In the log: what each thread is at, for who looks for what was in the way. */
  private void tellWhereItStands() {
    SandboxLog to = log;
    if (to == null) {
      return;
    }
    to.add("it did not end within " + GRACE.toSeconds() + " s; its threads:");
    Thread.getAllStackTraces()
        .forEach((thread, frames) -> {
          if (frames.length > 0) {
            to.add("  " + thread.getName() + " " + thread.getState());
            for (int i = 0; i < Math.min(frames.length, MOST_FRAMES); i++) {
              to.add("    " + frames[i]);
            }
          }
        });
  }

  /** Ends this very process, as fast as its engine can. */
  void end(int exitCode) {
    Engine chosen = engine;
    // What a JVM recorded of its training, it writes only when it ends in its own way.
    if (chosen == null || Boolean.getBoolean("vivarium.training")) {
      Runtime.getRuntime().halt(exitCode);
    } else {
      chosen.endProcess(exitCode);
    }
  }
}

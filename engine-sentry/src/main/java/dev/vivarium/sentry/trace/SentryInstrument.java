package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Instrument;
import dev.vivarium.engine.watch.Statistics;
import dev.vivarium.sentry.kernel.CpuTimes;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.syscalls.SyscallTable;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Carries wishes to the kernel thread, and figures back. */
public final class SentryInstrument implements Instrument {
  private static final long PATIENCE_SECONDS = 10;

  private final Kernel kernel;
  private final SyscallTable table;

  private volatile boolean waits;
  private volatile @Nullable EventWriter packetsTo;

  /** Made by the first who watches; used by the kernel thread alone. */
  private @Nullable CallWatcher watcher;

  /** The figures of the end, for who asks after it. */
  private volatile @Nullable Statistics last;

  public SentryInstrument(Kernel kernel, SyscallTable table) {
    this.kernel = kernel;
    this.table = table;
  }

  @Override
  public void watch(@Nullable EventWriter events, boolean counting) {
    if (events == null && !counting && watcher == null) {
      return; // nobody has ever watched
    }
    kernel.loop().post(() -> set(events, counting));
  }

  @Override
  public void watchWaits(boolean wanted) {
    waits = wanted;
  }

  @Override
  public void watchPackets(@Nullable EventWriter packets) {
    if (packets != packetsTo) {
      packetsTo = packets;
      kernel
          .loop()
          .post(() -> kernel.network().setTap(packets == null ? null : new PacketEvents(packets)));
    }
  }

  private void set(@Nullable EventWriter events, boolean counting) {
    CallWatcher w = watcher;
    if (w == null) {
      w = new CallWatcher(table);
      watcher = w;
    }
    w.set(events, counting, waits);
    kernel.setWatcher(w.isIdle() ? null : w);
  }

  @Override
  public Statistics statistics() throws IOException, InterruptedException {
    CompletableFuture<Statistics> answer = new CompletableFuture<>();
    kernel
        .loop()
        .post(() -> {
          try {
            answer.complete(now());
          } catch (RuntimeException e) {
            answer.completeExceptionally(e);
          }
        });
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      Statistics end = last;
      if (end != null) {
        return end;
      }
      try {
        return answer.get(50, TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        throw new IOException("the sentry could not tell: " + e.getCause(), e);
      } catch (TimeoutException e) {
        if (System.nanoTime() > deadline) {
          throw new IOException("the sentry did not answer within 10 s", e);
        }
      }
    }
  }

  /** The kernel's loop is over: what there is now is the last that there will be. */
  public void end() {
    last = now();
  }

  private Statistics now() {
    CpuTimes times = kernel.times();
    int processes = 0;
    int threads = 0;
    for (ThreadGroup g : kernel.pids().groups()) {
      if (!g.isDead()) {
        processes++;
        threads += g.tasks().size();
      }
    }
    CallWatcher w = watcher;
    if (w != null) {
      w.settle();
    }
    CallCounts counts = w == null ? null : w.counts();
    return new Statistics(
        0,
        w == null ? 0 : w.countedNanos(),
        new Statistics.Resources(
            times.userNanos,
            times.systemNanos,
            kernel.usedMemory(),
            kernel.limits().memoryBytes(),
            processes,
            threads,
            times.bytesRead,
            times.bytesWritten,
            0,
            0,
            times.minorFaults,
            times.majorFaults,
            times.voluntarySwitches,
            kernel.oomKills),
        counts == null ? List.of() : counts.rows(table),
        w == null ? List.of() : w.files().rows(),
        List.of(),
        w == null ? 0 : w.files().lost());
  }
}

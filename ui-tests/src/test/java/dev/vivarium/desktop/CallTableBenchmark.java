package dev.vivarium.desktop;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.PackedEvents;
import dev.vivarium.gui.frame.Colors;
import dev.vivarium.gui.watch.CallFeed;
import dev.vivarium.gui.watch.CallTable;
import java.util.List;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.beans.property.SimpleObjectProperty;
import javafx.scene.Scene;
import javafx.stage.Stage;

/** Measures the table of calls with 100,000 made-up events per second, for ten seconds. */
public final class CallTableBenchmark extends Application {
  private static final long PER_SECOND = 100_000;
  private static final long WARM_MILLIS = 5_000;
  private static final long MILLIS = 10_000;
  private static final int[] CALLS = {0, 1, 3, 9, 13, 110, 228, 262};

  /** Starts it; prints one line. */
  public static void main(String[] arguments) {
    Application.launch(CallTableBenchmark.class);
  }

  private static CallFeed.Source source() {
    long begin = System.nanoTime();
    return new CallFeed.Source() {
      private long n;

      @Override
      public boolean poll(PackedEvents into, int place) {
        long now = System.nanoTime() - begin;
        if (n >= now / 1000 * PER_SECOND / 1_000_000) {
          return false;
        }
        long[] arguments = {3, 0x7fff0000L + n, 4096, n, 0, 0};
        into.put(
            place,
            new Event(
                n++,
                now,
                12,
                12,
                EventKind.SYSCALL,
                CALLS[(int) (n % CALLS.length)],
                arguments,
                true,
                n % 17 == 0 ? -2 : 4096,
                300 + n % 5000,
                0,
                0,
                List.of(),
                true));
        return true;
      }

      @Override
      public long dropped() {
        return 0;
      }

      @Override
      public boolean isAtEnd() {
        return false;
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void start(Stage stage) {
    CallTable table = new CallTable(new SimpleObjectProperty<>(Colors.DARK), e -> {});
    CallFeed feed =
        new CallFeed(
            CallTableBenchmark::source,
            new CallFeed.Listener() {
              @Override
              public void calls(int pid) {}

              @Override
              public void event(Event e) {}
            },
            p -> {});
    table.setFeed(feed);
    stage.setScene(new Scene(table, 1280, 800));
    stage.show();
    table.start();
    Thread meter =
        new Thread(() -> {
          try {
            Thread.sleep(WARM_MILLIS);
            long events = feed.extent().count();
            int frames = table.frames();
            long cpu = cpuMillis();
            long begin = System.nanoTime();
            Thread.sleep(MILLIS);
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.printf(
                "%.0f events/s, %.1f frames/s, %.0f %% of a core%n",
                (feed.extent().count() - events) / seconds,
                (table.frames() - frames) / seconds,
                (cpuMillis() - cpu) / seconds / 10);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          Platform.exit();
        });
    meter.setDaemon(true);
    meter.start();
  }

  private static long cpuMillis() {
    return ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .map(java.time.Duration::toMillis)
        .orElse(0L);
  }
}

package dev.vivarium.desktop;

import dev.vivarium.gui.watch.CallTable;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javafx.animation.AnimationTimer;
import javafx.application.Platform;
import javafx.scene.Node;
import javafx.scene.control.TableView;
import javafx.scene.control.TextInputControl;
import javafx.scene.input.KeyCode;

/**
 * Not a journey but a measurement, made only where it is asked for by name: a sandbox that makes
 * 100,000 calls a second is watched, and a list of many sandboxes is used. {@code
 * vivarium.desktop.seconds} says how long each view is looked at.
 */
final class LoadJourney {
  private static final long SECONDS = Long.getLong("vivarium.desktop.seconds", 10);

  /** What is asked for: frames per second, percent of a core, MiB that may be more in the end. */
  private static final double FRAMES = 50;

  private static final double PROCESSOR = 60;
  private static final long GROWTH = 16;
  private static final double ANSWER_MILLIS = 100;
  private static final String BUSY =
      "perl -e 'while (1) { getppid() for 1..3000; select(undef, undef, undef, 0.004) }'";

  private final Hands hands;

  LoadJourney(Hands hands) {
    this.hands = hands;
  }

  void run() {
    hands.step("a list of many sandboxes answers keys at once", this::list);
    hands.step(
        "a sandbox that makes 100,000 calls a second is watched",
        () -> {
          hands.keys(KeyCode.CONTROL, KeyCode.N);
          hands.until("the form", () -> hands.find("#run-command", Node.class).isPresent());
          hands
              .robot()
              .interact(() ->
                  hands.find("#run-command", TextInputControl.class).orElseThrow().setText(BUSY));
          hands.click("#run-start");
          hands.until("its screen", () -> hands.isAnywhere("running for"));
          hands.until("its terminal to have the keys", hands::isInTerminal);
          hands.tab("calls");
          hands.until("events", () -> hands.isAnywhere("events,"));
          CallTable table = hands.find("#calls", CallTable.class).orElseThrow();
          measure("call table", table::frames);
          hands.picture("load-calls");
        });
    hands.step(
        "its latencies are watched",
        () -> {
          hands.tab("latency");
          hands.until("counts", () -> hands.isAnywhere("calls in"));
          measure("heat map", null);
          hands.picture("load-latency");
          hands.click("#sandbox-remove");
          hands.until("the list", () -> hands.find("#sandbox-remove", Node.class).isEmpty());
        });
  }

  private interface Frames {
    int now();
  }

  /** Frames per second, processor time, and memory after a collection, at the begin and the end. */
  private void measure(String what, Frames frames) throws Exception {
    Thread.sleep(5000);
    int[] pulses = new int[1];
    AnimationTimer count =
        new AnimationTimer() {
          @Override
          public void handle(long now) {
            pulses[0]++;
          }
        };
    hands.robot().interact(count::start);
    StringBuilder memory = new StringBuilder();
    long first = 0;
    long last = 0;
    List<String> missed = new ArrayList<>();
    for (int part = 0; part < 4; part++) {
      long cpu = cpuNanos();
      long begin = System.nanoTime();
      int framesBefore = frames == null ? pulses[0] : frames.now();
      Thread.sleep(SECONDS * 1000 / 4);
      double seconds = (System.nanoTime() - begin) / 1e9;
      int drawn = (frames == null ? pulses[0] : frames.now()) - framesBefore;
      System.out.printf(
          Locale.ROOT,
          "    %s: %.1f frames/s, %.0f %% of a core, %.1f ms of processor per frame%n",
          what,
          drawn / seconds,
          (cpuNanos() - cpu) / seconds / 1e7,
          (cpuNanos() - cpu) / 1e6 / Math.max(1, drawn));
      if (drawn / seconds < FRAMES) {
        missed.add("frames");
      }
      if ((cpuNanos() - cpu) / seconds / 1e7 > PROCESSOR) {
        missed.add("processor");
      }
      System.gc();
      long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
      first = part == 0 ? heap : first;
      last = heap;
      memory.append(String.format(Locale.ROOT, " %d/%d", heap >> 20, residentKilobytes() >> 10));
    }
    hands.robot().interact(count::stop);
    System.out.println("    " + what + ": MiB of heap in use / resident:" + memory);
    if (last - first > GROWTH << 20) {
      missed.add("memory");
    }
    if (!missed.isEmpty()) {
      throw new AssertionError(what + " misses what is asked for: " + missed);
    }
  }

  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static long residentKilobytes() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    return 0;
  }

  /** From a key to what it changes being drawn: the frame after the one that took it. */
  private void list() throws Exception {
    hands.keys(KeyCode.CONTROL, KeyCode.DIGIT1);
    hands.until("the list", () -> hands.rows("#sandboxes") > 0);
    TableView<?> table = hands.find("#sandboxes", TableView.class).orElseThrow();
    hands.robot().interact(table::requestFocus);
    long[] took = new long[60];
    for (int i = 0; i < took.length; i++) {
      boolean types = i % 3 == 2;
      KeyCode key = i % 2 == 0 ? KeyCode.PAGE_DOWN : KeyCode.PAGE_UP;
      CountDownLatch drawn = new CountDownLatch(1);
      long begin = System.nanoTime();
      Platform.runLater(() -> {
        if (types) {
          TextInputControl search =
              hands.find("#sandbox-search", TextInputControl.class).orElseThrow();
          search.setText(search.getText().isEmpty() ? "s" : "");
        } else {
          javafx.event.Event.fireEvent(
              table,
              new javafx.scene.input.KeyEvent(
                  javafx.scene.input.KeyEvent.KEY_PRESSED,
                  "",
                  "",
                  key,
                  false,
                  false,
                  false,
                  false));
        }
        new AnimationTimer() {
          private int frames;

          @Override
          public void handle(long now) {
            if (++frames == 2) {
              stop();
              drawn.countDown();
            }
          }
        }.start();
      });
      if (!drawn.await(30, TimeUnit.SECONDS)) {
        throw new AssertionError("not drawn within half a minute");
      }
      took[i] = System.nanoTime() - begin;
    }
    Arrays.sort(took);
    System.out.printf(
        Locale.ROOT,
        "    list of %d: %.0f ms in the middle, %.0f ms for 19 of 20, %.0f ms at most%n",
        hands.rows("#sandboxes"),
        took[took.length / 2] / 1e6,
        took[took.length * 19 / 20] / 1e6,
        took[took.length - 1] / 1e6);
    hands.picture("load-list");
    if (took[took.length * 19 / 20] / 1e6 > ANSWER_MILLIS) {
      throw new AssertionError("more than " + ANSWER_MILLIS + " ms for one of 20");
    }
  }
}

package dev.vivarium.sentry.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelLoopTest {
  private final TaskWorld world = new TaskWorld();
  private final List<String> log = new ArrayList<>();

  private Timers.Timer timer(Runnable action) {
    return new Timers.Timer() {
      @Override
      protected void fire() {
        action.run();
      }
    };
  }

  @Test
  void whatATimerOrAPostedActionThrowsIsLoggedAndTheLoopGoesOn() {
    world.kernel.setLog(log::add);
    KernelLoop loop = world.kernel.loop();
    List<String> done = new ArrayList<>();
    long now = System.nanoTime();
    loop.timers().schedule(timer(() -> throwing("first")), now);
    loop.timers().schedule(timer(() -> done.add("timer")), now + 1);
    loop.post(() -> throwing("second"));
    loop.post(() -> done.add("posted"));
    loop.runElsewhere(
        () -> throwing("third"),
        () -> {
          done.add("afterwards");
          loop.timers().schedule(timer(loop::stop), System.nanoTime());
        });
    loop.run();
    done.sort(null);
    assertEquals(List.of("afterwards", "posted", "timer"), done);
    assertEquals(3, log.size());
    for (String name : List.of("first", "second", "third")) {
      assertTrue(log.stream().anyMatch(l -> l.contains(name)), name);
    }
  }

  @Test
  void whatWasPutOffComesWhenNothingElseIsThere() {
    KernelLoop loop = world.kernel.loop();
    List<String> done = new ArrayList<>();
    loop.post(() -> {
      loop.putOff(() -> {
        done.add("put off");
        loop.post(loop::stop);
      });
      loop.post(() -> done.add("posted"));
    });
    loop.run();
    assertEquals(List.of("posted", "put off"), done);
  }

  @Test
  void whatWasPutOffIsNotLostAtTheEnd() {
    world.kernel.setLog(log::add);
    KernelLoop loop = world.kernel.loop();
    List<String> done = new ArrayList<>();
    loop.post(() -> {
      loop.putOff(() -> throwing("fourth"));
      loop.putOff(() -> done.add("put off"));
      loop.stop();
    });
    loop.run();
    assertEquals(List.of("put off"), done);
    assertEquals(1, log.size());
    assertTrue(log.getFirst().contains("fourth"), log.getFirst());
  }

  private static void throwing(String name) {
    throw new IllegalStateException(name);
  }
}

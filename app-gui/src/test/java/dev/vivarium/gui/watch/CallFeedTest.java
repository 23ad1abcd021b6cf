package dev.vivarium.gui.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.PackedEvents;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class CallFeedTest {
  private static final CallFeed.Listener NOBODY =
      new CallFeed.Listener() {
        @Override
        public void calls(int pid) {}

        @Override
        public void event(Event e) {}
      };
  private static final int GETPPID = 110;
  private static final int OPENAT = 257;

  private static Event event(long number, int call, long result) {
    return new Event(
        number,
        number * 1000,
        1,
        1,
        EventKind.SYSCALL,
        call,
        new long[6],
        true,
        result,
        500,
        0,
        0,
        List.of(),
        true);
  }

  /** So many events, every tenth an openat that failed, and then the end. */
  private static CallFeed.Source source(long total) {
    AtomicLong next = new AtomicLong();
    return new CallFeed.Source() {
      @Override
      public boolean poll(PackedEvents into, int place) {
        long n = next.getAndIncrement();
        if (n >= total) {
          return false;
        }
        into.put(place, n % 10 == 0 ? event(n, OPENAT, -2) : event(n, GETPPID, 1));
        return true;
      }

      @Override
      public long dropped() {
        return 7;
      }

      @Override
      public boolean isAtEnd() {
        return next.get() >= total;
      }

      @Override
      public void close() {}
    };
  }

  private static CallFeed fed(long total) throws InterruptedException {
    CallFeed feed = new CallFeed(() -> source(total), NOBODY, p -> {});
    while (!feed.extent().ended()) {
      Thread.sleep(5);
    }
    return feed;
  }

  @Test
  void keepsTheLastOnesAndCountsAll() throws InterruptedException {
    CallFeed feed = fed(100_000);
    CallFeed.Extent extent = feed.extent();
    assertEquals(100_000, extent.count());
    assertEquals(100_000 - CallFeed.KEEP, extent.first());
    assertEquals(7, extent.dropped());
    @Nullable Event[] window = new Event[3];
    assertEquals(3, feed.copy(99_997, window));
    assertEquals(99_999, window[2] == null ? -1 : window[2].sequence());
    assertEquals(3, feed.copy(0, window));
    assertNull(window[0], "overwritten long ago");
    PackedEvents all = feed.freeze();
    assertEquals(CallFeed.KEEP, all.places());
    assertEquals(100_000 - CallFeed.KEEP, all.get(0).sequence());
    assertEquals(99_999, all.get(CallFeed.KEEP - 1).sequence());
  }

  @Test
  void aFilterLooksAtWhatIsKeptAsWell() throws InterruptedException {
    CallFeed feed = fed(1000);
    feed.setFilter(new CallFilter("OPENAT", false, 0, false));
    assertEquals(100, feed.extent().matches());
    feed.setFilter(new CallFilter("", true, 0, false));
    PackedEvents failed = feed.freeze();
    assertEquals(100, failed.places());
    assertTrue(failed.get(99).failed());
    feed.setFilter(new CallFilter("", false, 501, false));
    assertEquals(0, feed.extent().matches());
    feed.setFilter(CallFilter.ALL);
    assertEquals(1000, feed.extent().matches());
  }

  @Test
  void aSourceThatFailsIsSaidAndEnds() throws InterruptedException {
    AtomicLong said = new AtomicLong();
    CallFeed feed =
        new CallFeed(
            () -> {
              throw new java.io.IOException("no ring");
            },
            NOBODY,
            p -> said.incrementAndGet());
    while (!feed.extent().ended()) {
      Thread.sleep(5);
    }
    assertEquals(1, said.get());
  }
}

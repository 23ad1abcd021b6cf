package dev.vivarium.microvm;

import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.microvm.agent.GuestCalls;
import java.util.function.LongSupplier;

/**
 * Writes what a guest's kernel says of its system calls into the ring. Its clock stands while the
 * machine does, so what is between it and ours is looked at with every message: the least that was
 * seen is believed, since messages only come late, until it is wrong by more than that explains.
 * Whatever the guest says, a call is one of the time since somebody looks.
 */
final class GuestCallWriter implements GuestCalls {
  private static final long TOO_LATE_NANOS = 250_000_000;

  private final EventWriter events;
  private final LongSupplier clock;
  private final long since;
  private long now;
  private long behindNanos = Long.MAX_VALUE;

  GuestCallWriter(EventWriter events) {
    this(events, System::nanoTime);
  }

  GuestCallWriter(EventWriter events, LongSupplier clock) {
    this.events = events;
    this.clock = clock;
    since = clock.getAsLong();
    now = since;
  }

  @Override
  public void some(long nowNanos, int lost) {
    now = clock.getAsLong();
    long behind = now - nowNanos;
    if (behindNanos == Long.MAX_VALUE
        || behind < behindNanos
        || behind - behindNanos > TOO_LATE_NANOS) {
      behindNanos = behind;
    }
    if (lost > 0) {
      events.lost(lost);
    }
  }

  @Override
  public void call(
      long beginNanos,
      long durationNanos,
      int pid,
      int tid,
      int number,
      long[] arguments,
      boolean returned,
      long result,
      Payload payload) {
    long begin = Math.clamp(beginNanos + behindNanos, since, now);
    events.call(
        begin,
        pid,
        tid,
        number,
        arguments[0],
        arguments[1],
        arguments[2],
        arguments[3],
        arguments[4],
        arguments[5],
        returned,
        result,
        Math.clamp(durationNanos, 0, now - begin),
        0,
        0,
        payload);
  }
}

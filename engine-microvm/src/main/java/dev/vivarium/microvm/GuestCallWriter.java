package dev.vivarium.microvm;

import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.microvm.agent.GuestCalls;

/**
 * Writes what a guest's kernel says of its system calls into the ring. Its clock stands while the
 * machine does, so what is between it and ours is looked at with every message: the least that was
 * seen is believed, since messages only come late, until it is wrong by more than that explains.
 */
final class GuestCallWriter implements GuestCalls {
  private static final long TOO_LATE_NANOS = 250_000_000;

  private final EventWriter events;
  private long behindNanos = Long.MAX_VALUE;

  GuestCallWriter(EventWriter events) {
    this.events = events;
  }

  @Override
  public void some(long nowNanos, int lost) {
    long behind = System.nanoTime() - nowNanos;
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
    events.call(
        beginNanos + behindNanos,
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
        durationNanos,
        0,
        0,
        payload);
  }
}

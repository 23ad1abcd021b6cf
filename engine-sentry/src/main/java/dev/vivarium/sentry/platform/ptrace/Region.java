package dev.vivarium.sentry.platform.ptrace;

import static dev.vivarium.sentry.platform.ptrace.Layout.*;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The memory that the sentry and the tracer share: orders one way, events the other, and the slots.
 * No guest can write it.
 */
final class Region {
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;

  private final MemorySegment memory;
  private final MemorySegment timeout = Arena.global().allocate(16, 8);
  private int ordersMade;
  private int eventsTaken;

  Region(MemorySegment memory) {
    if (memory.byteSize() != REGION_SIZE) {
      throw new IllegalArgumentException("region of " + memory.byteSize() + " bytes");
    }
    this.memory = memory;
  }

  MemorySegment memory() {
    return memory;
  }

  static long slotOffset(int slot) {
    return SLOTS_AT + (long) slot * TRACE_SLOT_SIZE;
  }

  int getInt(long offset) {
    return memory.get(ValueLayout.JAVA_INT, offset);
  }

  long getLong(long offset) {
    return memory.get(ValueLayout.JAVA_LONG, offset);
  }

  void putInt(long offset, int value) {
    memory.set(ValueLayout.JAVA_INT, offset, value);
  }

  void putLong(long offset, long value) {
    memory.set(ValueLayout.JAVA_LONG, offset, value);
  }

  // ---- orders and events ----

  /**
   * Gives the tracer an order for a slot's thread.
   *
   * @return whether the tracer sleeps and must be woken
   */
  boolean order(int slot, int kind) {
    putInt(ORDERS_AT + 4L * (ordersMade & ORDERS - 1), slot | kind << 16);
    ordersMade++;
    INT.setVolatile(memory, (long) ORDERS_MADE, ordersMade);
    return (int) INT.getVolatile(memory, (long) TRACER_ASLEEP) != 0
        && (int) INT.getAndSet(memory, (long) TRACER_ASLEEP, 0) != 0;
  }

  void setDone(int slot, boolean done) {
    INT.setVolatile(memory, slotOffset(slot) + DONE, done ? 1 : 0);
  }

  boolean isDone(int slot) {
    return (int) INT.getAcquire(memory, slotOffset(slot) + DONE) != 0;
  }

  boolean hasEvent() {
    return eventsTaken != (int) INT.getVolatile(memory, (long) EVENTS_MADE);
  }

  /** The slot of the oldest event; only if there is one. */
  int takeEvent() {
    return getInt(EVENTS_AT + 4L * (eventsTaken++ & EVENTS - 1));
  }

  // ---- the sentry's own sleep ----

  int doorbell() {
    return (int) INT.getVolatile(memory, (long) DOORBELL);
  }

  void setAsleep(boolean asleep) {
    INT.setVolatile(memory, (long) SENTRY_ASLEEP, asleep ? 1 : 0);
  }

  /** Sleeps until the doorbell's value is no longer {@code seen}, or the time is over. */
  void waitForDoorbell(int seen, long timeoutNanos) {
    long time = 0;
    if (timeoutNanos >= 0) {
      timeout.set(ValueLayout.JAVA_LONG, 0, timeoutNanos / 1_000_000_000L);
      timeout.set(ValueLayout.JAVA_LONG, 8, timeoutNanos % 1_000_000_000L);
      time = timeout.address();
    }
    futex(FUTEX_WAIT, seen, time);
  }

  /** Rings the doorbell; from any thread. */
  void ring() {
    INT.getAndAdd(memory, (long) DOORBELL, 1);
    if ((int) INT.getVolatile(memory, (long) SENTRY_ASLEEP) != 0) {
      futex(FUTEX_WAKE, 1, 0);
    }
  }

  private void futex(int operation, int value, long time) {
    long r = Libc.syscall(Sys.FUTEX, memory.address() + DOORBELL, operation, value, time, 0, 0);
    if (r < 0 && r != -Errno.EAGAIN && r != -Errno.EINTR && r != -Errno.ETIMEDOUT) {
      throw new IllegalStateException("futex: " + Errno.name((int) -r));
    }
  }
}

package dev.vivarium.sentry.platform.systrap;

import static dev.vivarium.sentry.platform.systrap.Layout.*;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * The memory that the sentry and the stubs share, behind one accessor: every field of it may change
 * at any time at the guest's will, so each getter reads once, and callers keep what they read in a
 * local.
 */
final class ControlRegion {
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;

  /** No slot. */
  static final int NONE = -1;

  private final MemorySegment memory;
  private int woken = NONE;
  private int ownCpu;
  private final MemorySegment cpu = Arena.global().allocate(4, 4);
  private final MemorySegment timeout = Arena.global().allocate(16, 8);

  ControlRegion(MemorySegment memory) {
    if (memory.byteSize() != (long) SLOT_SIZE * SLOT_COUNT) {
      throw new IllegalArgumentException("control region of " + memory.byteSize() + " bytes");
    }
    this.memory = memory;
  }

  MemorySegment memory() {
    return memory;
  }

  static long slotOffset(int slot) {
    return (long) slot * SLOT_SIZE;
  }

  /** Where a slot lies in every stub. */
  static long slotAddress(int slot) {
    return CONTROL_BASE + slotOffset(slot);
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

  // ---- the hand-over ----

  int stateAcquire(int slot) {
    return (int) INT.getAcquire(memory, slotOffset(slot) + STATE);
  }

  void setState(int slot, int state) {
    INT.setVolatile(memory, slotOffset(slot) + STATE, state);
  }

  /** Answers a stopped stub: publishes the new state, and wakes it if it sleeps. */
  void answer(int slot, int state) {
    long at = slotOffset(slot) + STATE;
    int old = (int) INT.getAndSet(memory, at, state);
    if (old == STATE_ASLEEP) {
      futex(at, FUTEX_WAKE, 1, 0);
      woken = slot;
    }
  }

  /** Tells a stub that spins for its answer to sleep. */
  void park(int slot) {
    INT.compareAndSet(memory, slotOffset(slot) + STATE, STATE_EVENT, STATE_PARKED);
  }

  // ---- the sentry's own sleep ----

  /**
   * The slot of the last sleeping stub that was woken since this was last asked, or {@link #NONE}.
   */
  int takeWoken() {
    int was = woken;
    woken = NONE;
    return was;
  }

  /**
   * Whether a stub, when it last stopped, was on the processor that this thread was last seen on.
   */
  boolean sharesCpu(int slot) {
    return getInt(slotOffset(slot) + CPU) == ownCpu;
  }

  /** Tells the stubs which processor this thread is on. */
  void publishCpu() {
    if (Libc.syscall(Sys.GETCPU, cpu.address(), 0, 0, 0, 0, 0) == 0) {
      ownCpu = cpu.get(ValueLayout.JAVA_INT, 0);
      putInt(SENTRY_CPU, ownCpu);
    }
  }

  void setSpinRounds(int rounds) {
    putInt(SPIN_ROUNDS, rounds);
  }

  int doorbell() {
    return (int) INT.getVolatile(memory, (long) DOORBELL);
  }

  void setAsleep(boolean asleep) {
    INT.setVolatile(memory, (long) SENTRY_ASLEEP, asleep ? 1 : 0);
  }

  boolean isAsleep() {
    return (int) INT.getVolatile(memory, (long) SENTRY_ASLEEP) != 0;
  }

  /** Sleeps until the doorbell's value is no longer {@code seen}, or the time is over. */
  void waitForDoorbell(int seen, long timeoutNanos) {
    long time = 0;
    if (timeoutNanos >= 0) {
      timeout.set(ValueLayout.JAVA_LONG, 0, timeoutNanos / 1_000_000_000L);
      timeout.set(ValueLayout.JAVA_LONG, 8, timeoutNanos % 1_000_000_000L);
      time = timeout.address();
    }
    futex(DOORBELL, FUTEX_WAIT, seen, time);
  }

  /** Rings the doorbell; from any thread. */
  void ring() {
    INT.getAndAdd(memory, (long) DOORBELL, 1);
    if (isAsleep()) {
      futex(DOORBELL, FUTEX_WAKE, 1, 0);
    }
  }

  private void futex(long offset, int operation, int value, long time) {
    long r = Libc.syscall(Sys.FUTEX, memory.address() + offset, operation, value, time, 0, 0);
    if (r < 0 && r != -Errno.EAGAIN && r != -Errno.EINTR && r != -Errno.ETIMEDOUT) {
      throw new IllegalStateException("futex: " + Errno.name((int) -r));
    }
  }
}

package dev.vivarium.sentry.platform.systrap;

import static dev.vivarium.sentry.platform.systrap.Layout.*;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.engine.memory.RawMemory;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.host.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The memory that the sentry and the stubs share, behind one accessor: every field of it may change
 * at any time at the guest's will, so each getter reads once, and callers keep what they read in a
 * local.
 */
final class ControlRegion {
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;

  /** No slot. */
  static final int NONE = -1;

  private static final long SIZE = (long) SLOT_SIZE * SLOT_COUNT;

  private final MemorySegment memory;
  private final long start;
  private int woken = NONE;
  private int ownCpu;
  private final MemorySegment cpu = Arena.global().allocate(4, 4);
  private final MemorySegment timeout = Arena.global().allocate(16, 8);

  ControlRegion(MemorySegment memory) {
    if (memory.byteSize() != SIZE) {
      throw new IllegalArgumentException("control region of " + memory.byteSize() + " bytes");
    }
    this.memory = memory;
    this.start = memory.address();
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

  /** The address of some bytes, after a look whether they lie in the region. */
  private long at(long offset, int bytes) {
    if (offset < 0 || offset > SIZE - bytes) {
      throw new IndexOutOfBoundsException(offset);
    }
    return start + offset;
  }

  int getInt(long offset) {
    return RawMemory.getInt(at(offset, 4));
  }

  long getLong(long offset) {
    return RawMemory.getLong(at(offset, 8));
  }

  void putInt(long offset, int value) {
    RawMemory.putInt(at(offset, 4), value);
  }

  void putLong(long offset, long value) {
    RawMemory.putLong(at(offset, 8), value);
  }

  // ---- the hand-over ----

  int stateAcquire(int slot) {
    return RawMemory.getIntVolatile(at(slotOffset(slot) + STATE, 4));
  }

  void setState(int slot, int state) {
    RawMemory.putIntVolatile(at(slotOffset(slot) + STATE, 4), state);
  }

  /** Answers a stopped stub: publishes the new state, and wakes it if it sleeps. */
  void answer(int slot, int state) {
    long offset = slotOffset(slot) + STATE;
    int old = RawMemory.getAndSetInt(at(offset, 4), state);
    if (old == STATE_ASLEEP) {
      futex(offset, FUTEX_WAKE, 1, 0);
      woken = slot;
    }
  }

  /** Tells a stub that spins for its answer to sleep. */
  void park(int slot) {
    RawMemory.compareAndSetInt(at(slotOffset(slot) + STATE, 4), STATE_EVENT, STATE_PARKED);
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
      ownCpu = Fields.getInt(cpu, 0);
      putInt(SENTRY_CPU, ownCpu);
    }
  }

  void setSpinRounds(int rounds) {
    putInt(SPIN_ROUNDS, rounds);
  }

  int doorbell() {
    return RawMemory.getIntVolatile(at(DOORBELL, 4));
  }

  void setAsleep(boolean asleep) {
    RawMemory.putIntVolatile(at(SENTRY_ASLEEP, 4), asleep ? 1 : 0);
  }

  boolean isAsleep() {
    return RawMemory.getIntVolatile(at(SENTRY_ASLEEP, 4)) != 0;
  }

  /** Sleeps until the doorbell's value is no longer {@code seen}, or the time is over. */
  void waitForDoorbell(int seen, long timeoutNanos) {
    long time = 0;
    if (timeoutNanos >= 0) {
      Fields.putLong(timeout, 0, timeoutNanos / 1_000_000_000L);
      Fields.putLong(timeout, 8, timeoutNanos % 1_000_000_000L);
      time = timeout.address();
    }
    futex(DOORBELL, FUTEX_WAIT, seen, time);
  }

  /** Rings the doorbell; from any thread. */
  void ring() {
    RawMemory.getAndAddInt(at(DOORBELL, 4), 1);
    if (isAsleep()) {
      futex(DOORBELL, FUTEX_WAKE, 1, 0);
    }
  }

  private void futex(long offset, int operation, int value, long time) {
    long r = Libc.syscall(Sys.FUTEX, start + offset, operation, value, time, 0, 0);
    if (r < 0 && r != -Errno.EAGAIN && r != -Errno.EINTR && r != -Errno.ETIMEDOUT) {
      throw new IllegalStateException("futex: " + Errno.name((int) -r));
    }
  }
}

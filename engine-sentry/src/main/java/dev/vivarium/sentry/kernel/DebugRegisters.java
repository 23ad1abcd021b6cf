package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.platform.Registers;

/**
 * A tracee's debug registers, as its tracer sets them. The processor's own are not a guest's to
 * have: while one of these is armed the tracee goes on in single steps, and after each of them
 * there is a look at what is watched. So a watched program is slow, though much faster than a
 * debugger that makes the steps itself; and a write that changes nothing goes unnoticed.
 */
public final class DebugRegisters {
  public static final int COUNT = 8;

  private static final int SLOTS = 4;
  private static final int STATUS = 6;
  private static final int CONTROL = 7;

  /** Bits of the status that are always set. */
  private static final long STATUS_FIXED = 0xffff0ff0L;

  /** In the status: a single step. */
  private static final long STEP = 0x4000;

  private static final int EXECUTE = 0;
  private static final int WRITE = 1;
  private static final int READ_OR_WRITE = 3;

  /** Bytes watched, by the two bits in the control register. */
  private static final int[] LENGTHS = {1, 2, 8, 4};

  private static final long ADDRESS_MAX = 1L << 47;

  private final long[] addresses = new long[SLOTS];
  private final byte[][] before = new byte[SLOTS][8];
  private final byte[] now = new byte[8];
  private long status;
  private long control;

  /** A register; those that do not exist are 0. */
  public long get(int number) {
    return number < SLOTS
        ? addresses[number]
        : number == STATUS ? status ^ STATUS_FIXED : number == CONTROL ? control : 0;
  }

  /** Sets a register: 0 or a negative errno. */
  public long set(int number, long value) {
    if (number < SLOTS) {
      if (Long.compareUnsigned(value, ADDRESS_MAX) >= 0) {
        return -Errno.EINVAL;
      }
      if (isArmed(control, number) && !isValid(value, control, number)) {
        return -Errno.EINVAL;
      }
      addresses[number] = value;
      return 0;
    }
    switch (number) {
      case STATUS -> status = value ^ STATUS_FIXED;
      case CONTROL -> {
        for (int i = 0; i < SLOTS; i++) {
          if (!isArmed(value, i)) {
            continue;
          }
          if (kind(value, i) == READ_OR_WRITE) {
            return -Errno.ENOSPC; // reads leave no trace
          }
          if (!isValid(addresses[i], value, i)) {
            return -Errno.EINVAL;
          }
        }
        control = value;
      }
      default -> {
        return -Errno.EIO;
      }
    }
    return 0;
  }

  private static boolean isArmed(long control, int slot) {
    return (control >> 2 * slot & 3) != 0;
  }

  private static int kind(long control, int slot) {
    return (int) (control >> 16 + 4 * slot) & 3;
  }

  private static int length(long control, int slot) {
    return LENGTHS[(int) (control >> 18 + 4 * slot) & 3];
  }

  private static boolean isValid(long address, long control, int slot) {
    int length = length(control, slot);
    return switch (kind(control, slot)) {
      case EXECUTE -> length == 1;
      case WRITE, READ_OR_WRITE -> (address & length - 1) == 0;
      default -> false;
    };
  }

  boolean isArmed() {
    return (control & 0xff) != 0;
  }

  /** The guest goes on by one instruction. */
  void beforeStep(Task t) {
    for (int i = 0; i < SLOTS; i++) {
      if (isArmed(control, i) && kind(control, i) == WRITE) {
        read(t, i, before[i]);
      }
    }
  }

  /** What cannot be read is as if it were zero: it becomes readable by a change too. */
  private void read(Task t, int slot, byte[] into) {
    int length = length(control, slot);
    if (t.mm.copyIn(addresses[slot], into, 0, length) < 0) {
      java.util.Arrays.fill(into, (byte) 0);
    }
  }

  /** The guest has made a step: whether that is to be reported, with the reason in the status. */
  boolean afterStep(Task t, boolean stepWanted) {
    long hits = 0;
    for (int i = 0; i < SLOTS; i++) {
      if (!isArmed(control, i)) {
        continue;
      }
      if (kind(control, i) == EXECUTE) {
        hits |= t.context.regs().get(Registers.RIP) == addresses[i] ? 1L << i : 0;
      } else {
        read(t, i, now);
        int n = length(control, i);
        hits |= java.util.Arrays.equals(now, 0, n, before[i], 0, n) ? 0 : 1L << i;
      }
    }
    if (hits == 0 && !stepWanted) {
      return false;
    }
    status = status & ~0xfL & ~STEP | hits | (stepWanted ? STEP : 0);
    return true;
  }
}

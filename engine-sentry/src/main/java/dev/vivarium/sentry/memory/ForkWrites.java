package dev.vivarium.sentry.memory;

/**
 * Where the children of an address space have written, soon after their fork, to memory that they
 * shared with it. The next child will do the same (the C library's locks and thread descriptor, the
 * stack), so fork copies these places for it at once: a copy costs a fraction of a fault.
 */
final class ForkWrites {
  /** How much of memory an entry stands for. */
  static final long SIZE = 16L << 10;

  /** How many writes of one child are noted: what it does later is its own affair. */
  static final int NOTED_PER_CHILD = 8;

  private static final int ENTRIES = 16;

  private final long[] starts = new long[ENTRIES];

  /** For how many forks more an entry counts; then it takes a fault to find it again. */
  private final int[] left = new int[ENTRIES];

  void note(long address) {
    long start = address & -SIZE;
    int at = 0;
    for (int i = 0; i < ENTRIES; i++) {
      if (left[i] > 0 && starts[i] == start) {
        at = i;
        break;
      }
      if (left[i] < left[at]) {
        at = i;
      }
    }
    starts[at] = start;
    left[at] = Pager.HOT_FORKS;
  }

  int entries() {
    return ENTRIES;
  }

  /** The start of an entry's memory, or -1 if it does not count. */
  long start(int entry) {
    return left[entry] > 0 ? starts[entry] : -1;
  }

  /** Notes that a fork has made use of what is known. */
  void age() {
    for (int i = 0; i < ENTRIES; i++) {
      if (left[i] > 0) {
        left[i]--;
      }
    }
  }
}

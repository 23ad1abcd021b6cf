package dev.vivarium.sentry.memory;

import java.util.random.RandomGenerator;

/**
 * Where things go in an address space: the stack on top, mappings below it downwards, programs in
 * the middle, each a random distance off.
 */
final class MemoryLayout {
  /** What stays free below a mapping that grows down (Linux: stack_guard_gap). */
  static final long STACK_GUARD = 1L << 20;

  private static final long PAGE = AddressMap.PAGE;

  final long min;
  final long max;

  /** Where the stack ends. */
  final long stackTop;

  /** Mappings without a wish lie below. */
  final long mmapTop;

  private final RandomGenerator random;

  /**
   * @param min lowest address
   * @param max one past the highest
   * @param stackRoom bytes that the stack may need
   */
  MemoryLayout(long min, long max, long stackRoom, RandomGenerator random) {
    this.min = min;
    this.max = max;
    this.random = random;
    long spread = Long.highestOneBit(max - min);
    this.stackTop = max - PAGE - pages(Math.min(1L << 34, spread >>> 6));
    long room = Math.min(stackRoom, spread >>> 3);
    this.mmapTop =
        (stackTop - room - STACK_GUARD - pages(Math.min(1L << 40, spread >>> 4))) & -PAGE;
  }

  /** A random multiple of the page size below {@code limit}. */
  long pages(long limit) {
    return random.nextLong(Math.max(1, limit / PAGE)) * PAGE;
  }

  /** Two thirds up, as ELF_ET_DYN_BASE is, and a random distance more. */
  long pieBase() {
    long third = (max - min) / 3;
    return (min + 2 * third - pages(Math.min(1L << 40, third >>> 2))) & -PAGE;
  }
}

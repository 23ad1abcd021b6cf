package dev.vivarium.sentry.memory;

/**
 * A piece of an address space with the memory behind it. It never reaches beyond one {@link Vma}.
 */
final class Pma extends Range {
  /** {@link #mapped} of what the host has not mapped. */
  static final int NOT_MAPPED = -1;

  /** {@link Mappable.Extent#MEMORY_FILE} or a blob. */
  int space;

  /** Offset of {@link #start} in that space. */
  long offset;

  /**
   * Whether the guest may write to this very memory. In a private mapping: the memory is its own;
   * otherwise a write makes a copy. In a shared one: it was asked for writing.
   */
  boolean writable;

  /** Whether its bytes are those of a file's content in memory, which may be mapped twice. */
  boolean borrowed;

  /**
   * Whether that file may change: then a write to a private mapping copies its page alone, so that
   * the pages around it go on showing the file.
   */
  boolean live;

  /**
   * For how many forks more it is copied at once for the child, because both sides are known to
   * write to it; 0 for memory that is copied on write.
   */
  int hot;

  /** The protection with which the host has mapped (or will have when its queue has been run). */
  int mapped = NOT_MAPPED;

  /** Whether it belongs to a shared mapping: then its bytes are not this address space's own. */
  final boolean shared;

  Pma(long start, long end, int space, long offset, boolean writable, boolean shared) {
    this.start = start;
    this.end = end;
    this.space = space;
    this.offset = offset;
    this.writable = writable;
    this.shared = shared;
  }

  boolean inMemoryFile() {
    return space == Mappable.Extent.MEMORY_FILE;
  }

  long offsetAt(long address) {
    return offset + (address - start);
  }

  Pma copyOf(long from, long to) {
    Pma copy = new Pma(from, to, space, offsetAt(from), writable, shared);
    copy.borrowed = borrowed;
    copy.live = live;
    copy.hot = hot;
    copy.mapped = mapped;
    return copy;
  }
}

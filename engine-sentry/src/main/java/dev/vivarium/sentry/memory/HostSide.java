package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The way to the host's mappings of one address space, and the memory that may be given back only
 * when they have changed.
 */
final class HostSide {
  private final MemoryFile memoryFile;
  private @Nullable AddressSpace space;
  private @Nullable Context via;
  private final ArrayDeque<Freed> freed = new ArrayDeque<>();
  private long sequence;

  /**
   * Memory that a queued unmap or map sets free.
   *
   * @param own whether nobody else has seen these bytes, so that what stays of a unit can be
   *     cleared of them
   */
  private record Freed(long sequence, long offset, long length, boolean own) {}

  HostSide(MemoryFile memoryFile) {
    this.memoryFile = memoryFile;
  }

  void bind(AddressSpace addressSpace) {
    space = addressSpace;
  }

  /** Changes are carried out through this context from now on. */
  void enter(@Nullable Context context) {
    via = context;
  }

  boolean isBound() {
    return space != null;
  }

  private AddressSpace space() {
    if (space == null) {
      throw new IllegalStateException("no host address space yet");
    }
    return space;
  }

  private Context via() {
    if (via == null) {
      throw new IllegalStateException("no context stands still in this address space");
    }
    return via;
  }

  void map(Pma p, int prot) {
    space().map(via(), p.start, p.length(), prot, p.space, p.offset);
    p.mapped = prot;
  }

  void unmap(long start, long end) {
    space().unmap(via(), start, end - start);
  }

  void protect(long start, long end, int prot) {
    space().protect(via(), start, end - start, prot);
  }

  /** Drops the references on a piece of the memory file when what is queued now is in force. */
  void freeLater(long offset, long length, boolean own) {
    freed.add(new Freed(sequence, offset, length, own));
  }

  /** To be called after {@link #freeLater} when all that takes the memory away has been queued. */
  void armFreeing() {
    Freed last = freed.peekLast();
    if (last != null && last.sequence() == sequence) {
      long upTo = sequence++;
      space().whenApplied(via(), () -> free(upTo));
    }
  }

  /** Gives back all that waits: no guest code can reach it any more. */
  void freeAll() {
    free(Long.MAX_VALUE);
  }

  private void free(long upTo) {
    Freed f;
    while ((f = freed.peekFirst()) != null && f.sequence() <= upTo) {
      freed.removeFirst();
      memoryFile.free(f.offset(), f.length(), f.own());
    }
  }
}

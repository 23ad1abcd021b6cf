package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.platform.AddressSpace;
import dev.vivarium.sentry.platform.Context;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The way to the host's mappings of one address space, and the memory that may be given back only
 * when they have changed.
 */
final class HostSide {
  private final MemoryFile memoryFile;
  private @Nullable AddressSpace space;
  private @Nullable Context via;

  /** What could not be queued because a task of another address space made the change. */
  private @Nullable List<Consumer<Context>> deferred;

  private final ArrayDeque<Freed> freed = new ArrayDeque<>();
  private long sequence;
  private boolean shared;

  /** Something has been queued since the last {@link #commit}. */
  private boolean queued;

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
    if (context != null && deferred != null) {
      List<Consumer<Context>> ops = deferred;
      deferred = null;
      for (Consumer<Context> op : ops) {
        op.accept(context);
      }
      queued = true;
      commit();
    }
  }

  /** Has the operation carried out through the next context that enters. */
  private void defer(Consumer<Context> op) {
    if (deferred == null) {
      deferred = new ArrayList<>();
    }
    deferred.add(op);
  }

  private AddressSpace space() {
    if (space == null) {
      throw new IllegalStateException("no host address space yet");
    }
    return space;
  }

  void map(Pma p, int prot) {
    p.mapped = prot;
    queued = true;
    if (via != null) {
      space().map(via, p.start, p.length(), prot, p.space, p.offset);
    } else {
      long start = p.start;
      long length = p.length();
      int in = p.space;
      long offset = p.offset;
      defer(c -> space().map(c, start, length, prot, in, offset));
    }
  }

  void unmap(long start, long end) {
    queued = true;
    if (via != null) {
      space().unmap(via, start, end - start);
    } else {
      defer(c -> space().unmap(c, start, end - start));
    }
  }

  void protect(long start, long end, int prot) {
    queued = true;
    if (via != null) {
      space().protect(via, start, end - start, prot);
    } else {
      defer(c -> space().protect(c, start, end - start, prot));
    }
  }

  /** Drops the references on a piece of the memory file when what is queued now is in force. */
  void freeLater(long offset, long length, boolean own) {
    freed.add(new Freed(sequence, offset, length, own));
  }

  /** Whether several contexts run in the address space. */
  void setShared(boolean severalContexts) {
    shared = severalContexts;
  }

  /**
   * To be called at the end of every change, when all that belongs to it has been queued: arms what
   * {@link #freeLater} noted.
   *
   * <p>Where several contexts run, what is queued is carried out now. Otherwise a change queued
   * through one context could be overtaken by a later one queued through another: a page would be
   * write-protected for a fork and then be mapped for writing again by an older operation.
   */
  void commit() {
    Freed last = freed.peekLast();
    if (last != null && last.sequence() == sequence) {
      long upTo = sequence++;
      if (via != null) {
        space().whenApplied(via, () -> free(upTo));
      } else {
        defer(c -> space().whenApplied(c, () -> free(upTo)));
      }
    }
    if (queued && shared && via != null) {
      space().flush(via);
    }
    queued = false;
  }

  /** Gives back all that waits: no guest code can reach it any more. */
  void freeAll() {
    Freed f;
    while ((f = freed.pollFirst()) != null) {
      // Where others use the rest of a unit it keeps these bytes until they go too.
      memoryFile.free(f.offset(), f.length(), false);
    }
  }

  private void free(long upTo) {
    Freed f;
    while ((f = freed.peekFirst()) != null && f.sequence() <= upTo) {
      freed.removeFirst();
      memoryFile.free(f.offset(), f.length(), f.own());
    }
  }
}

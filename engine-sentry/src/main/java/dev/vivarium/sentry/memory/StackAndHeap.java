package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;

/** The two mappings that grow: the main stack, and the heap that brk(2) moves. */
public final class StackAndHeap {
  /** The part of the main stack that is there from the start. */
  private static final long STACK_START = 8L << 20;

  private static final long PAGE = AddressMap.PAGE;

  private StackAndHeap() {}

  /** Maps the main stack of {@code size} bytes at a random place; returns its top or -ENOMEM. */
  public static long mapStack(Task t, MemoryManager mm, long size) {
    mm.on(t);
    return mapStack(mm, size);
  }

  static long mapStack(MemoryManager mm, long size) {
    long length =
        size < 0 || size > STACK_START
            ? STACK_START
            : Math.max(MemoryManager.pageUp(size), 32 * PAGE);
    long top = mm.layout.stackTop;
    Vma v =
        new Vma(
            top - length,
            top,
            Mman.PROT_READ | Mman.PROT_WRITE,
            Vma.GROWSDOWN | Vma.STACK | Mappings.vmaFlags(mm, Mman.MAP_PRIVATE));
    v.name = "[stack]";
    if (top - length < mm.layout.min || !mm.map.vmas.isFree(v.start, v.end)) {
      return -Errno.ENOMEM;
    }
    mm.map.insert(v);
    mm.pager.populate(v, v.start, v.end);
    mm.changed();
    return top;
  }

  /** A random address for a position-independent executable of {@code size} bytes. */
  public static long pieBase(MemoryManager mm, long size) {
    long base = mm.layout.pieBase();
    return base <= mm.layout.max - size ? base : mm.layout.min;
  }

  /** Puts the heap a random distance behind {@code end}, where the program's data end. */
  public static void setBrk(MemoryManager mm, long end) {
    mm.heapStart = MemoryManager.pageUp(end);
    long start =
        mm.heapStart + mm.layout.pages(Math.min(32L << 20, (mm.layout.max - mm.layout.min) >>> 10));
    if (start + PAGE <= mm.layout.max && mm.map.vmas.isFree(mm.heapStart, start + PAGE)) {
      mm.heapStart = start;
    }
    mm.heapEnd = mm.heapStart;
  }

  /** brk(2): moves the end of the heap if it can; returns where it is now. */
  public static long brk(Task t, MemoryManager mm, long end) {
    mm.on(t);
    return moveHeapEnd(mm, end);
  }

  static long moveHeapEnd(MemoryManager mm, long end) {
    if (end < mm.heapStart || end > mm.layout.max - PAGE) {
      return mm.heapEnd;
    }
    long oldEnd = MemoryManager.pageUp(mm.heapEnd);
    long newEnd = MemoryManager.pageUp(end);
    if (newEnd < oldEnd) {
      if (Mappings.unmap(mm, newEnd, oldEnd - newEnd) != 0) {
        return mm.heapEnd;
      }
    } else if (newEnd > oldEnd) {
      if (!mm.map.vmas.isFree(oldEnd, newEnd + PAGE)
          || !Mappings.mayGrow(mm, newEnd - oldEnd, Mman.PROT_WRITE, false, 0)
          || mm.lockFuture && !Locking.hasRoom(mm, newEnd - oldEnd)) {
        return mm.heapEnd;
      }
      Vma v =
          new Vma(
              oldEnd,
              newEnd,
              Mman.PROT_READ | Mman.PROT_WRITE,
              Vma.HEAP | Mappings.vmaFlags(mm, Mman.MAP_PRIVATE));
      v.name = "[heap]";
      mm.map.insert(v);
      mm.pager.populate(v, oldEnd, newEnd);
      mm.map.join(mm.pager.task, oldEnd, newEnd);
      mm.changed();
    }
    mm.heapEnd = end;
    return mm.heapEnd;
  }
}

package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.abi.Mman;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import org.jspecify.annotations.Nullable;

/**
 * A mapping: a range of addresses with one protection and one origin, as a line of /proc/PID/maps
 * shows it.
 */
public final class Vma extends Range {
  /** Writes go to what is mapped (MAP_SHARED). */
  static final int SHARED = 1;

  static final int GROWSDOWN = 2;
  static final int NORESERVE = 4;
  static final int LOCKED = 8;
  static final int DONTFORK = 0x10;
  static final int WIPEONFORK = 0x20;
  static final int DONTDUMP = 0x40;

  /** The file was not opened for writing: a shared mapping can never become writable. */
  static final int NOWRITE = 0x80;

  /** The heap, as brk(2) moves its end. */
  static final int HEAP = 0x100;

  static final int STACK = 0x200;

  /** mseal(2). */
  static final int SEALED = 0x400;

  int prot;
  int flags;

  /** The mapped file, with a reference; null for anonymous memory. */
  @Nullable File file;

  /** What gives the content: the file's, or that of shared anonymous memory; null if private. */
  @Nullable Mappable mappable;

  /** Offset of {@link #start} in {@link #mappable}. */
  long offset;

  /** Shown in place of a file name ("[heap]", "[stack]"); empty if there is none. */
  String name = "";

  Vma(long start, long end, int prot, int flags) {
    this.start = start;
    this.end = end;
    this.prot = prot;
    this.flags = flags;
  }

  public long start() {
    return start;
  }

  public long end() {
    return end;
  }

  /** PROT_READ, PROT_WRITE, PROT_EXEC. */
  public int prot() {
    return prot;
  }

  public boolean isShared() {
    return (flags & SHARED) != 0;
  }

  public @Nullable File file() {
    return file;
  }

  /** Whether writes to the file go through this mapping, or can after mprotect(2). */
  public boolean mayWriteToFile() {
    return file != null && has(SHARED) && !has(NOWRITE);
  }

  /** Offset in the file; 0 for anonymous memory. */
  public long fileOffset() {
    return file == null ? 0 : offset;
  }

  public String name() {
    return name;
  }

  public boolean isLocked() {
    return (flags & LOCKED) != 0;
  }

  /** A mapping of a part of the same thing; takes references of its own. */
  Vma copyOf(long from, long to) {
    Vma copy = new Vma(from, to, prot, flags);
    copy.file = file;
    copy.mappable = mappable;
    copy.offset = offsetAt(from);
    copy.name = name;
    copy.acquireBacking();
    return copy;
  }

  /** Takes the references that a mapping holds on what it maps. */
  void acquireBacking() {
    if (file != null) {
      file.acquire();
    } else if (mappable instanceof SharedAnonymous shared) {
      shared.acquire();
    }
  }

  void dropBacking(Task t) {
    if (file != null) {
      file.drop(t);
    } else if (mappable instanceof SharedAnonymous shared) {
      shared.drop();
    }
  }

  /** Whether {@code next}, which starts where this ends, is the same mapping going on. */
  boolean continuesIn(Vma next) {
    return end == next.start
        && prot == next.prot
        && flags == next.flags
        && file == next.file
        && mappable == next.mappable
        && (mappable == null || offsetAt(end) == next.offset)
        && name.equals(next.name);
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** Whether the guest (and the kernel on its behalf) may do this here. */
  boolean permits(boolean write, boolean fetch) {
    if (write) {
      return (prot & Mman.PROT_WRITE) != 0;
    }
    // An x86 page that can be written or executed can be read.
    return fetch ? (prot & Mman.PROT_EXEC) != 0 : prot != 0;
  }

  /** Private memory whose pages are the guest's own once it has written to them. */
  boolean isPrivate() {
    return (flags & SHARED) == 0;
  }

  boolean isPrivateAnonymous() {
    return mappable == null;
  }

  /** Offset in {@link #mappable} of an address in the range. */
  long offsetAt(long address) {
    return offset + (address - start);
  }
}

package dev.vivarium.sentry.memory;

import dev.vivarium.sentry.kernel.Task;

/** Something whose bytes can be mapped into a guest: a file's content. */
public interface Mappable {
  /**
   * Finds host memory for file content, reading it in first where needed (this may wait).
   *
   * @param offset in the file, page-aligned
   * @param length wanted, in bytes; the extent may be shorter (at least a page) but not longer
   * @param write whether the mapping writes through to the file (MAP_SHARED with PROT_WRITE)
   * @param out where the content lies; for the memory file the caller takes its own reference on it
   * @return 0; -ENXIO beyond the end of the file (the guest gets SIGBUS); another negative errno
   */
  long translate(Task t, long offset, long length, boolean write, Extent out);

  /**
   * Whether {@link #translate} never waits, because all content is at hand: then it is mapped
   * before the guest asks for it, and from outside a coroutine too.
   */
  default boolean translatesAtOnce() {
    return false;
  }

  /**
   * Whether no guest can change the content (a read-only file system): a private mapping may then
   * copy more than the page that is written.
   */
  default boolean isConstant() {
    return false;
  }

  /** Told of each address space that maps it, for files that can become shorter. */
  default void mapped(MemoryManager mm) {}

  /** Current length of the file in bytes. */
  long length();

  /** Writes back what was changed through shared mappings in this range (msync, munmap). */
  default long writeBack(Task t, long offset, long length) {
    return 0;
  }

  /** What /dev/zero gives: mapping it is mapping anonymous memory. */
  Mappable ANONYMOUS =
      new Mappable() {
        @Override
        public long translate(Task t, long offset, long length, boolean write, Extent out) {
          throw new IllegalStateException("anonymous memory has no file");
        }

        @Override
        public long length() {
          return 0;
        }
      };

  /** A run of bytes that a stub can map. */
  final class Extent {
    /** {@link #MEMORY_FILE}, or the number of a read-only layer blob of the image, from 1. */
    public int space;

    /** Page-aligned offset there. */
    public long offset;

    /** Bytes, a multiple of the page size. */
    public long length;

    /** The {@link #space} of guest memory itself. */
    public static final int MEMORY_FILE = 0;
  }
}

package dev.vivarium.sentry.platform;

/**
 * The host side of one guest address space. Changes are queued, in order, and are in force when the
 * context through which they were queued runs guest code again, or when {@link #flush} returns.
 */
public interface AddressSpace {
  /**
   * Maps host memory at a guest address, replacing what is mapped there.
   *
   * @param via the stopped context that will carry the change out
   * @param address page-aligned guest address
   * @param length bytes, page-aligned
   * @param prot PROT_READ, PROT_WRITE, PROT_EXEC
   * @param space {@code Mappable.Extent.MEMORY_FILE} or a layer blob's number
   * @param offset page-aligned offset in that space
   */
  void map(Context via, long address, long length, int prot, int space, long offset);

  /** Unmaps a range; holes in it do no harm. */
  void unmap(Context via, long address, long length);

  /** Changes the protection of a mapped range. */
  void protect(Context via, long address, long length, int prot);

  /** Carries out what is queued, now, while the context stands still. */
  void flush(Context via);

  /**
   * Runs {@code release} as soon as all that was queued so far is in force: memory that was
   * unmapped may be used for something else only then.
   */
  void whenApplied(Context via, Runnable release);
}

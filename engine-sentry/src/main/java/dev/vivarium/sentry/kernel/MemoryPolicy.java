package dev.vivarium.sentry.kernel;

/**
 * On which memory nodes a thread's memory shall lie (set_mempolicy(2)). A sandbox has one node, so
 * that no policy changes anything; but it is kept, and shown to who asks.
 *
 * @param mode MPOL_*
 * @param flags MPOL_F_* that were given with the mode
 * @param nodes the first nodes of the set, as a program sees them
 */
public record MemoryPolicy(int mode, int flags, long nodes) {
  /** MPOL_DEFAULT. */
  public static final MemoryPolicy DEFAULT = new MemoryPolicy(0, 0, 0);
}

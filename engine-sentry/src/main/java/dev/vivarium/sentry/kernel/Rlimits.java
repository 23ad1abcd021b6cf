package dev.vivarium.sentry.kernel;

import dev.vivarium.sentry.abi.Resource;

/** The resource limits of a process. Values are unsigned; {@link Resource#RLIM_INFINITY} is -1. */
public final class Rlimits {
  private final long[] soft = new long[Resource.RLIM_NLIMITS];
  private final long[] hard = new long[Resource.RLIM_NLIMITS];

  /** Linux's defaults for init (include/asm-generic/resource.h), with room for many descriptors. */
  public Rlimits() {
    for (int i = 0; i < Resource.RLIM_NLIMITS; i++) {
      set(i, Resource.RLIM_INFINITY, Resource.RLIM_INFINITY);
    }
    set(Resource.RLIMIT_STACK, 8L << 20, Resource.RLIM_INFINITY);
    set(Resource.RLIMIT_CORE, 0, Resource.RLIM_INFINITY);
    set(Resource.RLIMIT_NPROC, 4096, 4096);
    set(Resource.RLIMIT_NOFILE, 1024, 1 << 16);
    set(Resource.RLIMIT_MEMLOCK, 8L << 20, 8L << 20);
    set(Resource.RLIMIT_SIGPENDING, 4096, 4096);
    set(Resource.RLIMIT_MSGQUEUE, 819200, 819200);
    set(Resource.RLIMIT_NICE, 0, 0);
    set(Resource.RLIMIT_RTPRIO, 0, 0);
  }

  private Rlimits(Rlimits from) {
    System.arraycopy(from.soft, 0, soft, 0, soft.length);
    System.arraycopy(from.hard, 0, hard, 0, hard.length);
  }

  public long soft(int resource) {
    return soft[resource];
  }

  public long hard(int resource) {
    return hard[resource];
  }

  public void set(int resource, long softLimit, long hardLimit) {
    soft[resource] = softLimit;
    hard[resource] = hardLimit;
  }

  /** Whether {@code value} is more than the soft limit allows. */
  public boolean exceeds(int resource, long value) {
    return Long.compareUnsigned(value, soft[resource]) > 0;
  }

  /** The soft limit as a count that fits an int; infinity is {@code Integer.MAX_VALUE}. */
  public int softAsInt(int resource) {
    return Long.compareUnsigned(soft[resource], Integer.MAX_VALUE) > 0
        ? Integer.MAX_VALUE
        : (int) soft[resource];
  }

  public Rlimits copy() {
    return new Rlimits(this);
  }
}

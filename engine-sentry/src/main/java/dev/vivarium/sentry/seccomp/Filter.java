package dev.vivarium.sentry.seccomp;

import org.jspecify.annotations.Nullable;

/**
 * A filter and those that were there before it; immutable, shared by tasks. The newest comes first
 * and all are run; the answer that forbids most counts.
 *
 * @param program null for strict mode: read, write, exit and rt_sigreturn only
 * @param logs SECCOMP_FILTER_FLAG_LOG: what it refuses is logged
 * @param listener whom it may leave calls to; null if nobody
 */
public record Filter(
    @Nullable BpfProgram program,
    boolean logs,
    @Nullable Listener listener,
    @Nullable Filter previous) {
  // linux/seccomp.h; as signed numbers, the lower the stricter.
  public static final int KILL_PROCESS = 0x8000_0000;
  public static final int KILL_THREAD = 0;
  public static final int TRAP = 0x0003_0000;
  public static final int ERRNO = 0x0005_0000;
  public static final int USER_NOTIF = 0x7fc0_0000;
  public static final int TRACE = 0x7ff0_0000;
  public static final int LOG = 0x7ffc_0000;
  public static final int ALLOW = 0x7fff_0000;
  public static final int ACTION = 0xffff_0000;
  public static final int DATA = 0x0000_ffff;

  /** The strict mode of PR_SET_SECCOMP. */
  public static final Filter STRICT = new Filter(null, false, null, null);

  /** Instructions that a path through all filters of a task may have. */
  private static final int MAX_PATH = 32_768;

  /** What Linux counts for each filter besides its instructions. */
  private static final int FILTER_COST = 4;

  public boolean isStrict() {
    return program == null;
  }

  /** How many filters there are. */
  public int count() {
    int n = 0;
    for (Filter f = this; f != null; f = f.previous) {
      n++;
    }
    return n;
  }

  /** Whether one more program would be too much (-ENOMEM). */
  public static boolean isTooLong(BpfProgram added, @Nullable Filter before) {
    long sum = added.length();
    for (Filter f = before; f != null; f = f.previous) {
      sum += FILTER_COST + (f.program == null ? 0 : f.program.length());
    }
    return sum > MAX_PATH;
  }

  /** Whether {@code ancestor} (null: none) is this filter or one that was there before it. */
  public boolean descendsFrom(@Nullable Filter ancestor) {
    for (Filter f = this; f != null; f = f.previous) {
      if (f == ancestor) {
        return true;
      }
    }
    return ancestor == null;
  }

  /** The newest of the filters whose answer {@link #run} gave: whose listener it is about. */
  public Filter decider(int[] data) {
    int result = ALLOW;
    Filter decider = this;
    for (Filter f = this; f != null; f = f.previous) {
      BpfProgram p = f.program;
      int answer = p == null ? ALLOW : p.run(data);
      if ((answer & ACTION) < (result & ACTION)) {
        result = answer;
        decider = f;
      }
    }
    return decider;
  }

  /** Whether one of the filters has a listener already. */
  public boolean hasListener() {
    for (Filter f = this; f != null; f = f.previous) {
      if (f.listener != null) {
        return true;
      }
    }
    return false;
  }

  /** Runs all filters over {@code struct seccomp_data}, as words. */
  public int run(int[] data) {
    int result = ALLOW;
    for (Filter f = this; f != null; f = f.previous) {
      BpfProgram p = f.program;
      if (p != null) {
        int answer = p.run(data);
        if ((answer & ACTION) < (result & ACTION)) {
          result = answer;
        }
      }
    }
    return result;
  }
}

package dev.vivarium.sentry.syscalls;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The one table of system calls: number, name, how far it is supported, and its handler. */
public final class SyscallTable implements Kernel.Dispatcher {
  /** Answers one system call: returns its result or a negative errno; never throws for an errno. */
  @FunctionalInterface
  public interface Handler {
    long call(Task t, long a0, long a1, long a2, long a3, long a4, long a5);
  }

  /** How far a system call is supported. */
  public enum Support {
    FULL,
    PARTIAL,
    UNSUPPORTED,
    /** Linux has a number for it and answers ENOSYS itself. */
    ABSENT
  }

  /**
   * One row.
   *
   * @param note what is missing, in one sentence; empty for {@link Support#FULL}
   */
  public record Entry(int number, String name, Support support, String note) {}

  /** Names are added to {@link #missed} up to about this length. */
  private static final int MAX_LINE = 80;

  private final Handler[] handlers = new Handler[Sys.COUNT];
  private final boolean[] fast = new boolean[Sys.COUNT];
  private final Entry[] entries = new Entry[Sys.COUNT];

  /** How often each unsupported call was made; written by the kernel thread. */
  private final long[] misses = new long[Sys.COUNT];

  private final boolean[] probed = new boolean[Sys.COUNT];
  private final boolean[] everywhere = new boolean[Sys.COUNT];

  private SyscallTable() {}

  /** Every row, by number. */
  public List<Entry> entries() {
    List<Entry> rows = new ArrayList<>();
    for (Entry e : entries) {
      if (e != null) {
        rows.add(e);
      }
    }
    return Collections.unmodifiableList(rows);
  }

  /** The name of a system call, or "syscall_N" for a number that is not in the table. */
  public String name(int number) {
    return number >= 0 && number < Sys.COUNT && entries[number] != null
        ? entries[number].name()
        : "syscall_" + Integer.toUnsignedString(number);
  }

  /** Whether the number has a handler. */
  public boolean isSupported(int number) {
    return number >= 0 && number < Sys.COUNT && handlers[number] != null;
  }

  @Override
  public boolean isFast(int number) {
    return number >= 0 && number < Sys.COUNT && fast[number];
  }

  @Override
  public long call(Task t, int number, long a0, long a1, long a2, long a3, long a4, long a5) {
    if (number < 0 || number >= Sys.COUNT) {
      return -Errno.ENOSYS;
    }
    Handler handler = handlers[number];
    if (handler == null) {
      misses[number]++;
      return -Errno.ENOSYS;
    }
    return handler.call(t, a0, a1, a2, a3, a4, a5);
  }

  /**
   * Replaces a call's handler by one that refuses it.
   *
   * @param refusal never waits
   */
  public void refuse(int number, Handler refusal) {
    handlers[number] = refusal;
    fast[number] = true;
  }

  /** Whether every program tries this call and does without: that says nothing of one. */
  public boolean isTriedEverywhere(int number) {
    return number >= 0 && number < everywhere.length && everywhere[number];
  }

  /** Whether the platform may answer this call without the kernel, where nobody looks on. */
  public static boolean isAnsweredInGuest(int number) {
    return switch (number) {
      case Sys.GETPID,
          Sys.GETTID,
          Sys.GETPPID,
          Sys.GETUID,
          Sys.GETEUID,
          Sys.GETGID,
          Sys.GETEGID,
          Sys.SCHED_YIELD ->
          true;
      default -> false;
    };
  }

  /**
   * One line on the unsupported calls that were made, for the end of a run; empty if there were
   * none. Those that programs only try and do without are named when the run failed: they may be
   * why.
   */
  public String missed(boolean failed) {
    StringBuilder names = new StringBuilder();
    int more = 0;
    for (Entry e : entries) {
      if (e == null
          || e.support() != Support.UNSUPPORTED
          || misses[e.number()] == 0
          || everywhere[e.number()]
          || (probed[e.number()] && !failed)) {
        continue;
      }
      if (names.length() > MAX_LINE) {
        more++;
        continue;
      }
      names.append(names.isEmpty() ? "" : ", ").append(e.name());
      names.append(" (").append(misses[e.number()]).append(')');
    }
    if (names.isEmpty()) {
      return "";
    }
    return "system calls that a sandbox does not support were made: "
        + names
        + (more > 0 ? " and " + more + " more" : "");
  }

  /** Collects the rows. */
  public static final class Builder {
    private final SyscallTable table = new SyscallTable();
    private int last = -1;

    /** A call that does all that Linux's does. */
    public Builder full(int number, String name, Handler handler) {
      return add(number, name, Support.FULL, "", handler);
    }

    /** A call that does most of what Linux's does. */
    public Builder partial(int number, String name, Handler handler, String missing) {
      return add(number, name, Support.PARTIAL, missing, handler);
    }

    /** A call that returns ENOSYS, is counted and is shown to the user. */
    public Builder unsupported(int number, String name, String why) {
      return add(number, name, Support.UNSUPPORTED, why, null);
    }

    /** A number that Linux keeps for a call that it does not have (any more): ENOSYS as there. */
    public Builder absent(int number, String name, String why) {
      return add(number, name, Support.ABSENT, why, null);
    }

    /** Says of the row just added that programs try it and do without. */
    public Builder probed() {
      table.probed[last] = true;
      return this;
    }

    /** Says of the row just added that every program tries it: it is never named. */
    public Builder everywhere() {
      table.everywhere[last] = true;
      return probed();
    }

    /** Says of the row just added that its handler never waits. */
    public Builder fast() {
      table.fast[last] = true;
      return this;
    }

    private Builder add(
        int number,
        String name,
        Support support,
        String note,
        @org.jspecify.annotations.Nullable Handler handler) {
      if (table.entries[number] != null) {
        throw new IllegalArgumentException("two rows for system call " + number + " " + name);
      }
      if (support != Support.FULL && note.isBlank()) {
        throw new IllegalArgumentException("no note on what is missing: " + name);
      }
      table.entries[number] = new Entry(number, name, support, note);
      table.handlers[number] = handler;
      last = number;
      return this;
    }

    public SyscallTable build() {
      return table;
    }
  }
}

package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.kernel.ControllingTerminal;
import dev.vivarium.sentry.kernel.CpuTimes;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Rlimits;
import dev.vivarium.sentry.kernel.SignalActions;
import dev.vivarium.sentry.kernel.SignalSet;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.Tracing;
import dev.vivarium.sentry.memory.DumpPlan;
import dev.vivarium.sentry.memory.Resident;
import dev.vivarium.sentry.seccomp.Filter;
import java.nio.charset.StandardCharsets;

/** The texts about one task or process. */
final class ProcessTexts {
  /** USER_HZ: the unit of times in /proc. */
  static final long NANOS_PER_TICK = 10_000_000;

  /** Longest command line or environment shown. */
  private static final int MAX_ARGUMENTS = 128 * 1024;

  private ProcessTexts() {}

  static char state(Task about, Task reader) {
    return about == reader ? 'R' : about.state();
  }

  /** /proc/PID/stat; of a whole process, or with {@code thread} of one task. */
  static String stat(Task t, boolean thread, Task reader) {
    ThreadGroup g = t.group;
    CpuTimes times = thread ? t.times() : g.cpuTimes();
    CpuTimes children = g.childrenTimes();
    ControllingTerminal tty = g.session().controllingTerminal();
    boolean gone = t.hasExited();
    StringBuilder b = new StringBuilder(320);
    b.append(t.tid()).append(" (").append(t.comm).append(") ").append(state(t, reader));
    b.append(' ').append(g.ppid());
    b.append(' ').append(g.processGroup().id()).append(' ').append(g.session().id());
    b.append(' ').append(tty == null ? 0 : (int) tty.device());
    b.append(' ').append(tty == null || tty.foreground() == null ? -1 : tty.foreground().id());
    b.append(" 4194304"); // flags: PF_RANDOMIZE
    add(b, times.minorFaults, children.minorFaults, times.majorFaults, children.majorFaults);
    add(
        b,
        times.userNanos / NANOS_PER_TICK,
        times.systemNanos / NANOS_PER_TICK,
        children.userNanos / NANOS_PER_TICK,
        children.systemNanos / NANOS_PER_TICK);
    add(b, 20L + t.nice, t.nice, Math.max(1, g.tasks().size()), 0);
    add(b, t.startNanos / NANOS_PER_TICK);
    add(b, gone ? 0 : t.mm.vmSize(), gone ? 0 : t.mm.residentBytes() >> 12);
    b.append(' ').append(Long.toUnsignedString(g.rlimits.soft(Resource.RLIMIT_RSS)));
    if (gone) {
      add(b, 0, 0, 0, 0, 0);
    } else {
      add(b, t.mm.startCode, t.mm.endCode, t.mm.startStack, 0, 0);
    }
    add(
        b,
        t.pendingSignals().set() & 0x7fffffff,
        t.sigmask & 0x7fffffff,
        handled(g, true) & 0x7fffffff,
        handled(g, false) & 0x7fffffff);
    add(b, 0, 0, 0, thread ? -1 : Signals.SIGCHLD, 0, 0, t.schedulingPolicy, 0, 0, 0);
    if (gone) {
      add(b, 0, 0, 0, 0, 0, 0, 0);
    } else {
      add(b, t.mm.startData, t.mm.endData, t.mm.heapStart());
      add(b, t.mm.argStart, t.mm.argEnd, t.mm.envStart, t.mm.envEnd);
    }
    add(b, g.isDead() ? g.exitStatus() : 0);
    return b.append('\n').toString();
  }

  private static void add(StringBuilder b, long... values) {
    for (long v : values) {
      b.append(' ').append(v);
    }
  }

  /** Signals that are ignored, or those that have handlers. */
  private static long handled(ThreadGroup g, boolean ignored) {
    long set = 0;
    for (int s = 1; s <= Signals.SIGRTMAX; s++) {
      long h = g.actions().handler(s);
      if (ignored ? h == SignalActions.SIG_IGN : h > SignalActions.SIG_IGN || h < 0) {
        set |= SignalSet.bit(s);
      }
    }
    return set;
  }

  static String status(Task t, Task reader, int cpus) {
    ThreadGroup g = t.group;
    Credentials c = t.creds;
    StringBuilder b = new StringBuilder(1200);
    char state = state(t, reader);
    b.append("Name:\t").append(Octal.escape(t.comm, "\n\\")).append('\n');
    if (!t.hasExited()) {
      b.append("Umask:\t").append(String.format("%04o", t.fs.umask)).append('\n');
    }
    b.append("State:\t").append(state).append(' ').append(stateName(state)).append('\n');
    b.append("Tgid:\t").append(g.pid()).append("\nNgid:\t0\nPid:\t").append(t.tid());
    b.append("\nPPid:\t").append(g.ppid()).append("\nTracerPid:\t");
    b.append(Tracing.tracerPid(t)).append('\n');
    ids(b, "Uid:", c.ruid, c.euid, c.suid, c.fsuid);
    ids(b, "Gid:", c.rgid, c.egid, c.sgid, c.fsgid);
    b.append("FDSize:\t").append(t.hasExited() ? 0 : t.fds.capacity()).append("\nGroups:\t");
    for (int i = 0; i < c.groupCount(); i++) {
      b.append(Integer.toUnsignedString(c.groupAt(i))).append(' ');
    }
    b.append("\nNStgid:\t").append(g.pid()).append("\nNSpid:\t").append(t.tid());
    b.append("\nNSpgid:\t").append(g.processGroup().id());
    b.append("\nNSsid:\t").append(g.session().id()).append("\nKthread:\t0\n");
    if (!t.hasExited()) {
      memory(b, t);
    }
    b.append("Threads:\t").append(Math.max(1, g.tasks().size())).append('\n');
    b.append("SigQ:\t").append(t.kernel().queuedSignalCount(c.ruid)).append('/');
    b.append(g.rlimits.soft(Resource.RLIMIT_SIGPENDING)).append('\n');
    set(b, "SigPnd:", t.pendingSignals().set());
    set(b, "ShdPnd:", g.pendingSignals().set());
    set(b, "SigBlk:", t.sigmask);
    set(b, "SigIgn:", handled(g, true));
    set(b, "SigCgt:", handled(g, false));
    set(b, "CapInh:", c.inheritable);
    set(b, "CapPrm:", c.permitted);
    set(b, "CapEff:", c.effective);
    set(b, "CapBnd:", c.bounding);
    set(b, "CapAmb:", c.ambient);
    b.append("NoNewPrivs:\t").append(c.noNewPrivs ? 1 : 0);
    Filter filter = t.seccomp;
    int mode = filter == null ? 0 : filter.isStrict() ? 1 : 2;
    b.append("\nSeccomp:\t").append(mode);
    b.append("\nSeccomp_filters:\t")
        .append(filter == null || mode == 1 ? 0 : filter.count())
        .append('\n');
    b.append("Cpus_allowed:\t").append(cpuMask(cpus)).append("\nCpus_allowed_list:\t");
    b.append(cpus == 1 ? "0" : "0-" + (cpus - 1)).append("\nMems_allowed:\t1\n");
    b.append("Mems_allowed_list:\t0\nvoluntary_ctxt_switches:\t");
    b.append(t.times().voluntarySwitches).append("\nnonvoluntary_ctxt_switches:\t0\n");
    return b.toString();
  }

  static String cpuMask(int cpus) {
    return Long.toHexString(cpus >= 64 ? -1 : (1L << cpus) - 1);
  }

  private static String stateName(char state) {
    return switch (state) {
      case 'R' -> "(running)";
      case 'T' -> "(stopped)";
      case 'Z' -> "(zombie)";
      default -> "(sleeping)";
    };
  }

  private static void memory(StringBuilder b, Task t) {
    Resident resident = t.mm.resident();
    long rss = resident.total();
    kib(b, "VmPeak:", t.mm.vmPeak());
    kib(b, "VmSize:", t.mm.vmSize());
    kib(b, "VmLck:", t.mm.lockedBytes());
    kib(b, "VmPin:", 0);
    kib(b, "VmHWM:", Math.max(rss, t.times().maxRssKiB << 10));
    kib(b, "VmRSS:", rss);
    kib(b, "RssAnon:", resident.anonymous());
    kib(b, "RssFile:", resident.file());
    kib(b, "RssShmem:", resident.sharedMemory());
    kib(b, "VmData:", t.mm.dataBytes());
    kib(b, "VmStk:", t.mm.stackBytes());
    kib(b, "VmExe:", t.mm.endCode - t.mm.startCode);
    kib(b, "VmLib:", Math.max(0, t.mm.fileCodeBytes() - (t.mm.endCode - t.mm.startCode)));
    kib(b, "VmPTE:", 0);
    kib(b, "VmSwap:", 0);
  }

  private static void kib(StringBuilder b, String name, long bytes) {
    String v = Long.toString(bytes >> 10);
    b.append(name).append('\t').append(" ".repeat(Math.max(0, 8 - v.length())));
    b.append(v).append(" kB\n");
  }

  private static void ids(StringBuilder b, String name, int... ids) {
    b.append(name);
    for (int id : ids) {
      b.append('\t').append(Integer.toUnsignedString(id));
    }
    b.append('\n');
  }

  private static void set(StringBuilder b, String name, long bits) {
    b.append(name).append('\t').append(String.format("%016x", bits)).append('\n');
  }

  static String statm(Task t) {
    if (t.hasExited()) {
      return "0 0 0 0 0 0 0\n";
    }
    Resident resident = t.mm.resident();
    long data = t.mm.dataBytes() + t.mm.stackBytes() >> 12;
    return (t.mm.vmSize() >> 12)
        + " "
        + (resident.total() >> 12)
        + " "
        + (resident.file() + resident.sharedMemory() >> 12)
        + " "
        + (t.mm.endCode - t.mm.startCode + 4095 >> 12)
        + " 0 "
        + data
        + " 0\n";
  }

  static String cmdline(Task t, Task reader) {
    if (t.hasExited()) {
      return "";
    }
    String s = memory(t, reader, t.mm.argStart, t.mm.argEnd);
    if (s.isEmpty() || s.charAt(s.length() - 1) == 0) {
      return s;
    }
    // The program wrote over the end of its arguments (setproctitle): go on into the environment.
    String more = memory(t, reader, t.mm.envStart, t.mm.envEnd);
    String all = s + more;
    int end = all.indexOf(0);
    return end < 0 ? all : all.substring(0, end + 1);
  }

  static String environ(Task t, Task reader) {
    return t.hasExited() ? "" : memory(t, reader, t.mm.envStart, t.mm.envEnd);
  }

  static String auxv(Task t) {
    return t.hasExited() ? "" : new String(t.mm.auxv, StandardCharsets.ISO_8859_1);
  }

  private static String memory(Task about, Task reader, long start, long end) {
    int length = (int) Math.max(0, Math.min(end - start, MAX_ARGUMENTS));
    byte[] b = new byte[length];
    if (about.mm != reader.mm) {
      about.mm.enterForeign(reader);
    }
    if (length == 0 || about.mm.copyIn(start, b, 0, length) < 0) {
      return "";
    }
    return new String(b, StandardCharsets.ISO_8859_1);
  }

  static String limits(ThreadGroup g) {
    String[] names = {
      "Max cpu time",
      "Max file size",
      "Max data size",
      "Max stack size",
      "Max core file size",
      "Max resident set",
      "Max processes",
      "Max open files",
      "Max locked memory",
      "Max address space",
      "Max file locks",
      "Max pending signals",
      "Max msgqueue size",
      "Max nice priority",
      "Max realtime priority",
      "Max realtime timeout"
    };
    String[] units = {
      "seconds",
      "bytes",
      "bytes",
      "bytes",
      "bytes",
      "bytes",
      "processes",
      "files",
      "bytes",
      "bytes",
      "locks",
      "signals",
      "bytes",
      "",
      "",
      "us"
    };
    Rlimits r = g.rlimits;
    StringBuilder b = new StringBuilder();
    b.append(
        String.format("%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units"));
    for (int i = 0; i < names.length; i++) {
      String line =
          String.format(
              "%-25s %-20s %-20s %-10s", names[i], limit(r.soft(i)), limit(r.hard(i)), units[i]);
      b.append(units[i].isEmpty() ? line.substring(0, 68) : line).append('\n');
    }
    return b.toString();
  }

  private static String limit(long value) {
    return value == Resource.RLIM_INFINITY ? "unlimited" : Long.toUnsignedString(value);
  }

  /** There is no disk: what is read and written are calls and memory. */
  static String io(Task t, boolean thread) {
    CpuTimes times = thread ? t.times() : t.group.cpuTimes();
    return "rchar: "
        + times.bytesRead
        + "\nwchar: "
        + times.bytesWritten
        + "\nsyscr: "
        + times.reads
        + "\nsyscw: "
        + times.writes
        + "\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n";
  }

  static String schedstat(Task t) {
    return t.times().totalNanos() + " 0 " + t.times().voluntarySwitches + "\n";
  }

  /** A write to oom_score_adj: lowering it takes a capability. */
  static long setOomScoreAdjust(Task about, Task writer, String text) {
    try {
      int value = Integer.parseInt(text.strip());
      if (value < -1000 || value > 1000) {
        return -Errno.EINVAL;
      }
      if (value < about.group.oomScoreAdjust
          && !writer.creds.capable(Capability.CAP_SYS_RESOURCE)) {
        return -Errno.EACCES;
      }
      about.group.oomScoreAdjust = value;
      return 0;
    } catch (NumberFormatException e) {
      return -Errno.EINVAL;
    }
  }

  /** A write to coredump_filter: bits that are not known are dropped, as Linux does. */
  static long setCoreFilter(Task about, String text) {
    if (about.hasExited()) {
      return -Errno.ESRCH;
    }
    try {
      about.mm.coreFilter = Integer.decode(text.strip()) & DumpPlan.ALL_FILTERS;
      return 0;
    } catch (NumberFormatException e) {
      return -Errno.EINVAL;
    }
  }

  /** A write to comm: only by threads of the process. */
  static long setComm(Task about, Task writer, String text) {
    if (writer.group != about.group) {
      return -Errno.EINVAL;
    }
    int end = text.indexOf(0);
    String name = end < 0 ? text : text.substring(0, end);
    about.comm = name.substring(0, Math.min(15, name.length()));
    return 0;
  }
}

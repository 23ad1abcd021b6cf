package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.kernel.CpuTimes;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.Uts;
import dev.vivarium.sentry.vfs.StaticDirectory;
import dev.vivarium.sentry.vfs.Times;

/** The files of /proc that are about the whole sandbox. */
final class SystemTexts {
  private static final long NANOS = 1_000_000_000L;

  private SystemTexts() {}

  static void addTo(ProcFs fs, StaticDirectory root, Machine machine) {
    Kernel kernel = fs.kernel();
    fs.text(root, "cmdline", t -> "quiet\n");
    fs.text(root, "consoles", t -> "");
    fs.text(root, "cpuinfo", t -> cpuinfo(machine));
    fs.text(root, "devices", t -> DEVICES);
    fs.text(root, "diskstats", t -> "");
    fs.text(root, "filesystems", t -> FILE_SYSTEMS);
    fs.text(root, "interrupts", t -> perCpu(machine, "           ", "CPU") + "\n");
    fs.text(root, "loadavg", t -> loadavg(kernel));
    fs.text(root, "locks", t -> "");
    fs.text(root, "meminfo", t -> meminfo(kernel, machine));
    fs.text(root, "misc", t -> "");
    fs.text(root, "modules", t -> "");
    fs.text(root, "partitions", t -> "major minor  #blocks  name\n\n");
    fs.text(root, "stat", t -> stat(kernel, machine));
    fs.text(root, "swaps", t -> "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    fs.text(root, "uptime", t -> uptime(kernel, machine));
    fs.text(root, "version", t -> version());
    fs.text(root, "vmstat", t -> vmstat(kernel, machine));
    fs.text(root, "cgroups", t -> "#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
  }

  private static final String DEVICES =
      """
      Character devices:
        1 mem
        4 tty
        5 /dev/tty
        5 /dev/console
        5 /dev/ptmx
       10 misc
      136 pts

      Block devices:
      """;

  private static final String FILE_SYSTEMS =
      """
      nodev\tsysfs
      nodev\ttmpfs
      nodev\tproc
      nodev\tcgroup2
      nodev\tsockfs
      nodev\tpipefs
      nodev\tdevpts
      nodev\toverlay
      \terofs
      """;

  static String version() {
    return Uts.SYSNAME
        + " version "
        + Uts.RELEASE
        + " (vivarium@sentry) (Java) "
        + Uts.VERSION
        + "\n";
  }

  private static String perCpu(Machine machine, String indent, String name) {
    StringBuilder b = new StringBuilder(indent);
    for (int i = 0; i < machine.cpus(); i++) {
      b.append(name).append(i).append("       ");
    }
    return b.toString();
  }

  static String cpuinfo(Machine machine) {
    StringBuilder b = new StringBuilder();
    for (int i = 0; i < machine.cpus(); i++) {
      b.append("processor\t: ").append(i).append('\n').append(machine.cpuinfo());
      b.append("physical id\t: 0\nsiblings\t: ").append(machine.cpus());
      b.append("\ncore id\t\t: ").append(i).append("\ncpu cores\t: ").append(machine.cpus());
      b.append("\napicid\t\t: ").append(i).append("\n\n");
    }
    return b.toString();
  }

  private static int running(Kernel kernel) {
    int n = 0;
    for (ThreadGroup g : kernel.pids().groups()) {
      for (Task t : g.tasks()) {
        if (t.state() == 'R') {
          n++;
        }
      }
    }
    return Math.max(1, n);
  }

  static String loadavg(Kernel kernel) {
    int running = running(kernel);
    return "0.00 0.00 0.00 "
        + running
        + "/"
        + kernel.pids().taskCount()
        + " "
        + kernel.pids().lastPid()
        + "\n";
  }

  static String meminfo(Kernel kernel, Machine machine) {
    long total = machine.memoryBytes();
    long used = Math.min(total, kernel.memoryFile().allocatedBytes());
    long free = total - used;
    StringBuilder b = new StringBuilder(1200);
    kib(b, "MemTotal", total);
    kib(b, "MemFree", free);
    kib(b, "MemAvailable", free);
    kib(b, "Buffers", 0);
    kib(b, "Cached", 0);
    kib(b, "SwapCached", 0);
    kib(b, "Active", used);
    kib(b, "Inactive", 0);
    kib(b, "Active(anon)", used);
    kib(b, "Inactive(anon)", 0);
    kib(b, "Active(file)", 0);
    kib(b, "Inactive(file)", 0);
    kib(b, "Unevictable", 0);
    kib(b, "Mlocked", 0);
    kib(b, "SwapTotal", 0);
    kib(b, "SwapFree", 0);
    kib(b, "Dirty", 0);
    kib(b, "Writeback", 0);
    kib(b, "AnonPages", used);
    kib(b, "Mapped", 0);
    kib(b, "Shmem", 0);
    kib(b, "KReclaimable", 0);
    kib(b, "Slab", 0);
    kib(b, "SReclaimable", 0);
    kib(b, "SUnreclaim", 0);
    kib(b, "KernelStack", 0);
    kib(b, "PageTables", 0);
    kib(b, "CommitLimit", total / 2);
    kib(b, "Committed_AS", used);
    kib(b, "VmallocTotal", 0x7fffffffffffL);
    kib(b, "VmallocUsed", 0);
    b.append("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n");
    b.append("HugePages_Surp:        0\n");
    kib(b, "Hugepagesize", 2 << 20);
    return b.toString();
  }

  private static void kib(StringBuilder b, String name, long bytes) {
    String value = Long.toString(bytes >> 10);
    b.append(name).append(':');
    b.append(" ".repeat(Math.max(1, 23 - name.length() - value.length())));
    b.append(value).append(" kB\n");
  }

  private static CpuTimes allTimes(Kernel kernel) {
    CpuTimes sum = new CpuTimes();
    for (ThreadGroup g : kernel.pids().groups()) {
      CpuTimes own = g.cpuTimes();
      sum.userNanos += own.userNanos + g.childrenTimes().userNanos;
      sum.systemNanos += own.systemNanos + g.childrenTimes().systemNanos;
    }
    return sum;
  }

  static String stat(Kernel kernel, Machine machine) {
    CpuTimes times = allTimes(kernel);
    int cpus = machine.cpus();
    long user = times.userNanos / ProcessTexts.NANOS_PER_TICK;
    long system = times.systemNanos / ProcessTexts.NANOS_PER_TICK;
    long sinceStart = (System.nanoTime() - startNanos(kernel)) / ProcessTexts.NANOS_PER_TICK;
    long idle = Math.max(0, sinceStart * cpus - user - system);
    StringBuilder b = new StringBuilder();
    cpuLine(b, "cpu ", user, system, idle);
    for (int i = 0; i < cpus; i++) {
      cpuLine(b, "cpu" + i, user / cpus, system / cpus, idle / cpus);
    }
    long boot = (Times.now() - System.nanoTime()) / NANOS;
    b.append("intr 0\nctxt 0\nbtime ").append(boot);
    b.append("\nprocesses ").append(kernel.pids().lastPid());
    b.append("\nprocs_running ").append(running(kernel)).append("\nprocs_blocked 0\n");
    return b.append("softirq 0 0 0 0 0 0 0 0 0 0 0\n").toString();
  }

  private static void cpuLine(StringBuilder b, String name, long user, long system, long idle) {
    b.append(name).append(' ').append(user).append(" 0 ").append(system).append(' ');
    b.append(idle).append(" 0 0 0 0 0 0\n");
  }

  private static long startNanos(Kernel kernel) {
    ThreadGroup init = kernel.init();
    return init == null ? System.nanoTime() : init.leader().startNanos;
  }

  static String uptime(Kernel kernel, Machine machine) {
    long up = System.nanoTime() / 10_000_000;
    long busy = allTimes(kernel).totalNanos() / 10_000_000;
    long idle = Math.max(0, up * machine.cpus() - busy);
    return hundredths(up) + " " + hundredths(idle) + "\n";
  }

  private static String hundredths(long value) {
    return value / 100 + "." + value / 10 % 10 + value % 10;
  }

  static String vmstat(Kernel kernel, Machine machine) {
    long used = kernel.memoryFile().allocatedBytes() >> 12;
    return "nr_free_pages "
        + Math.max(0, (machine.memoryBytes() >> 12) - used)
        + "\nnr_anon_pages "
        + used
        + "\nnr_mapped 0\nnr_file_pages 0\nnr_dirty 0\nnr_writeback 0\npgpgin 0\npgpgout 0\n"
        + "pswpin 0\npswpout 0\npgfault 0\npgmajfault 0\n";
  }
}

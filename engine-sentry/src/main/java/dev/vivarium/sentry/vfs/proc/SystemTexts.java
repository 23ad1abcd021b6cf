package dev.vivarium.sentry.vfs.proc;

import dev.vivarium.sentry.kernel.CpuTimes;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.Uts;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.vfs.FdTable;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.StaticDirectory;
import dev.vivarium.sentry.vfs.Times;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** The files of /proc that are about the whole sandbox. */
final class SystemTexts {
  private static final long NANOS = 1_000_000_000L;
  private static final int PAGE_SHIFT = 12;

  private SystemTexts() {}

  static void addTo(ProcFs fs, StaticDirectory root, Machine machine) {
    Kernel kernel = fs.kernel();
    fs.text(root, "cmdline", t -> "quiet\n");
    fs.text(root, "consoles", t -> "");
    fs.text(root, "cpuinfo", t -> cpuinfo(machine));
    fs.text(root, "devices", t -> DEVICES);
    fs.text(root, "diskstats", t -> "");
    fs.text(root, "execdomains", t -> "0-0\tLinux           \t[kernel]\n");
    fs.text(root, "filesystems", t -> FILE_SYSTEMS);
    fs.text(root, "interrupts", t -> perCpu(machine, "           ", "CPU") + "\n");
    fs.text(root, "loadavg", t -> loadavg(kernel));
    fs.text(root, "locks", t -> locks(kernel));
    fs.text(root, "meminfo", t -> meminfo(kernel, machine));
    fs.text(root, "misc", t -> "");
    fs.text(root, "modules", t -> "");
    fs.text(root, "partitions", t -> "major minor  #blocks  name\n\n");
    fs.text(root, "stat", t -> stat(kernel, machine));
    fs.text(root, "swaps", t -> "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    fs.text(root, "uptime", t -> uptime(kernel, machine));
    fs.text(root, "version", t -> version());
    fs.text(root, "vmstat", t -> vmstat(kernel, machine));
    fs.text(root, "cgroups", t -> CGROUPS);
    StaticDirectory tty = fs.directory(root, "tty");
    fs.text(tty, "drivers", t -> TERMINALS);
    fs.text(tty, "ldiscs", t -> "n_tty       0\nn_null     27\n");
    StaticDirectory ipc = fs.directory(root, "sysvipc");
    fs.text(ipc, "msg", t -> kernel.ipc().describeQueues());
    fs.text(ipc, "sem", t -> kernel.ipc().describeSemaphores());
    fs.text(ipc, "shm", t -> kernel.ipc().describeSegments());
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
      nodev\tmqueue
      nodev\tramfs
      nodev\tsockfs
      nodev\tpipefs
      nodev\tdevpts
      nodev\toverlay
      \terofs
      """;

  private static final String CGROUPS =
      """
      #subsys_name\thierarchy\tnum_cgroups\tenabled
      cpuset\t0\t1\t1
      cpu\t0\t1\t1
      memory\t0\t1\t1
      pids\t0\t1\t1
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
    return kernel.loadAverage().text()
        + " "
        + running
        + "/"
        + kernel.pids().taskCount()
        + " "
        + kernel.pids().lastPid()
        + "\n";
  }

  static String meminfo(Kernel kernel, Machine machine) {
    long total = machine.memoryBytes();
    long used = kernel.usedMemory();
    long free = total - used;
    long files = Math.min(used, kernel.fileMemory());
    StringBuilder b = new StringBuilder(1200);
    kib(b, "MemTotal", total);
    kib(b, "MemFree", free);
    kib(b, "MemAvailable", free);
    kib(b, "Buffers", 0);
    kib(b, "Cached", files);
    kib(b, "SwapCached", 0);
    kib(b, "Active", 0);
    kib(b, "Inactive", used);
    kib(b, "Active(anon)", 0);
    kib(b, "Inactive(anon)", used);
    kib(b, "Active(file)", 0);
    kib(b, "Inactive(file)", 0);
    kib(b, "Unevictable", 0);
    kib(b, "Mlocked", 0);
    kib(b, "SwapTotal", 0);
    kib(b, "SwapFree", 0);
    kib(b, "Dirty", 0);
    kib(b, "Writeback", 0);
    kib(b, "AnonPages", used - files);
    kib(b, "Mapped", 0);
    kib(b, "Shmem", files);
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

  static String stat(Kernel kernel, Machine machine) {
    CpuTimes times = kernel.times();
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
    b.append("intr 0\nctxt ").append(times.voluntarySwitches).append("\nbtime ").append(boot);
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
    long busy = kernel.times().totalNanos() / 10_000_000;
    long idle = Math.max(0, up * machine.cpus() - busy);
    return hundredths(up) + " " + hundredths(idle) + "\n";
  }

  private static String hundredths(long value) {
    return value / 100 + "." + value / 10 % 10 + value % 10;
  }

  /** Every lock belongs to an open file: they are found by looking through the descriptors. */
  static String locks(Kernel kernel) {
    Set<Inode> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Set<FdTable> tables = Collections.newSetFromMap(new IdentityHashMap<>());
    StringBuilder b = new StringBuilder();
    int number = 1;
    for (ThreadGroup g : kernel.pids().groups()) {
      for (Task t : g.tasks()) {
        if (!tables.add(t.fds)) {
          continue; // threads share theirs
        }
        for (int fd = t.fds.next(0); fd >= 0; fd = t.fds.next(fd + 1)) {
          File f = t.fds.get(fd);
          if (f != null && f.inode.hasLocks() && seen.add(f.inode)) {
            long dev = f.inode.fs.dev;
            String place =
                String.format("%02x:%02x:%d", Devices.major(dev), Devices.minor(dev), f.inode.ino);
            number = f.inode.locks().describe(place, number, b);
          }
        }
      }
    }
    return b.toString();
  }

  static String vmstat(Kernel kernel, Machine machine) {
    long used = kernel.usedMemory();
    long files = Math.min(used, kernel.fileMemory());
    CpuTimes times = kernel.times();
    return "nr_free_pages "
        + (machine.memoryBytes() - used >> PAGE_SHIFT)
        + "\nnr_anon_pages "
        + (used - files >> PAGE_SHIFT)
        + "\nnr_mapped 0\nnr_file_pages "
        + (files >> PAGE_SHIFT)
        + "\nnr_dirty 0\nnr_writeback 0\nnr_shmem "
        + (files >> PAGE_SHIFT)
        + "\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgfault "
        + (times.minorFaults + times.majorFaults)
        + "\npgmajfault "
        + times.majorFaults
        + "\noom_kill "
        + kernel.oomKills
        + "\n";
  }

  /** The terminals there are, as ps names them by their numbers. */
  private static final String TERMINALS =
      """
      /dev/tty             /dev/tty        5       0 system:/dev/tty
      /dev/console         /dev/console    5       1 system:console
      /dev/ptmx            /dev/ptmx       5       2 system
      pty_slave            /dev/pts      136 0-1048575 pty:slave
      pty_master           /dev/ptm      128 0-1048575 pty:master
      """;
}

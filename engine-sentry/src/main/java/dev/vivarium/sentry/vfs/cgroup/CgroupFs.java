package dev.vivarium.sentry.vfs.cgroup;

import dev.vivarium.sentry.kernel.CpuQuota;
import dev.vivarium.sentry.kernel.CpuTimes;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Limits;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.StaticDirectory;
import dev.vivarium.sentry.vfs.proc.Text;
import dev.vivarium.sentry.vfs.proc.TextInode;

/** The files by which language runtimes and tools size themselves (cgroup-v2.rst). */
public final class CgroupFs extends FileSystem {
  private static final long MAGIC = 0x63677270;
  private static final String UNLIMITED = "max\n";

  private final Kernel kernel;
  private final Limits limits;
  private final StaticDirectory root;
  private long lastIno = 1;

  public CgroupFs(long dev, Kernel kernel) {
    super(dev);
    this.kernel = kernel;
    this.limits = kernel.limits();
    root = new StaticDirectory(this, 1, 0555);
    core();
    cpu();
    memory();
    pids();
  }

  private void file(String name, Text text) {
    root.add(name, new TextInode(this, ++lastIno, 0444, text));
  }

  private void constant(String name, String text) {
    file(name, t -> text);
  }

  private void core() {
    constant("cgroup.controllers", "cpuset cpu memory pids\n");
    constant("cgroup.subtree_control", "\n");
    constant("cgroup.type", "domain\n");
    constant("cgroup.events", "populated 1\nfrozen 0\n");
    constant("cgroup.freeze", "0\n");
    constant("cgroup.max.depth", UNLIMITED);
    constant("cgroup.max.descendants", UNLIMITED);
    constant("cgroup.stat", "nr_descendants 0\nnr_dying_descendants 0\n");
    file("cgroup.procs", t -> processes());
    file("cgroup.threads", t -> threads());
  }

  private String processes() {
    StringBuilder b = new StringBuilder();
    for (ThreadGroup g : kernel.pids().groups()) {
      if (!g.isDead()) {
        b.append(g.pid()).append('\n');
      }
    }
    return b.toString();
  }

  private String threads() {
    StringBuilder b = new StringBuilder();
    for (ThreadGroup g : kernel.pids().groups()) {
      for (Task t : g.tasks()) {
        b.append(t.tid()).append('\n');
      }
    }
    return b.toString();
  }

  private void cpu() {
    String quota =
        limits.cpus() > 0
            ? Long.toString(Math.round(limits.cpus() * CpuQuota.PERIOD_MICROS))
            : "max";
    constant("cpu.max", quota + " " + CpuQuota.PERIOD_MICROS + "\n");
    constant("cpu.max.burst", "0\n");
    constant("cpu.weight", "100\n");
    constant("cpu.weight.nice", "0\n");
    constant("cpu.idle", "0\n");
    int last = kernel.processors() - 1;
    constant("cpuset.cpus", "\n");
    constant("cpuset.cpus.effective", last == 0 ? "0\n" : "0-" + last + "\n");
    constant("cpuset.cpus.partition", "member\n");
    constant("cpuset.mems", "\n");
    constant("cpuset.mems.effective", "0\n");
    file("cpu.stat", t -> cpuStat());
  }

  private String cpuStat() {
    CpuTimes sum = kernel.times();
    CpuQuota q = kernel.cpuQuota();
    return "usage_usec "
        + (sum.userNanos + sum.systemNanos) / 1000
        + "\nuser_usec "
        + sum.userNanos / 1000
        + "\nsystem_usec "
        + sum.systemNanos / 1000
        + "\nnr_periods "
        + (q == null ? 0 : q.periods())
        + "\nnr_throttled "
        + (q == null ? 0 : q.throttledPeriods())
        + "\nthrottled_usec "
        + (q == null ? 0 : q.throttledNanos() / 1000)
        + "\nnr_bursts 0\nburst_usec 0\n";
  }

  private void memory() {
    String max = limits.memoryBytes() > 0 ? limits.memoryBytes() + "\n" : UNLIMITED;
    constant("memory.max", max);
    constant("memory.high", UNLIMITED);
    constant("memory.low", "0\n");
    constant("memory.min", "0\n");
    constant("memory.oom.group", "0\n");
    constant("memory.swap.max", "0\n");
    constant("memory.swap.current", "0\n");
    file("memory.current", t -> limits.memoryUsed().getAsLong() + "\n");
    file(
        "memory.events",
        t ->
            "low 0\nhigh 0\nmax "
                + kernel.oomKills
                + "\noom "
                + kernel.oomKills
                + "\noom_kill "
                + kernel.oomKills
                + "\noom_group_kill 0\n");
    file("memory.stat", t -> memoryStat());
  }

  /** Files are shared memory: none of them can be had again from elsewhere. */
  private String memoryStat() {
    long used = limits.memoryUsed().getAsLong();
    long files = Math.min(used, kernel.fileMemory());
    CpuTimes times = kernel.times();
    return "anon "
        + (used - files)
        + "\nfile "
        + files
        + "\nkernel 0\nkernel_stack 0\npagetables 0\nsock 0\nshmem "
        + files
        + "\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\nswapcached 0\ninactive_anon "
        + used
        + "\nactive_anon 0\ninactive_file 0\nactive_file 0\nunevictable 0\nslab 0\npgfault "
        + (times.minorFaults + times.majorFaults)
        + "\npgmajfault "
        + times.majorFaults
        + "\n";
  }

  private void pids() {
    constant("pids.max", limits.pids() > 0 ? limits.pids() + "\n" : UNLIMITED);
    file("pids.current", t -> kernel.pids().taskCount() + "\n");
    constant("pids.events", "max 0\n");
  }

  @Override
  public String typeName() {
    return "cgroup2";
  }

  @Override
  public long magic() {
    return MAGIC;
  }

  @Override
  public Inode root() {
    return root;
  }
}

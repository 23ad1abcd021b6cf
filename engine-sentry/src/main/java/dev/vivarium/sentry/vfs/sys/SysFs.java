package dev.vivarium.sentry.vfs.sys;

import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.StaticDirectory;
import dev.vivarium.sentry.vfs.StaticSymlink;
import dev.vivarium.sentry.vfs.proc.Machine;
import dev.vivarium.sentry.vfs.proc.TextInode;
import java.util.HashMap;
import java.util.Map;

/** The sys file system of one sandbox. */
public final class SysFs extends FileSystem {
  private final StaticDirectory root;
  private final Map<String, StaticDirectory> directories = new HashMap<>();
  private long lastIno = 1;

  public SysFs(long dev, Kernel kernel, Machine machine) {
    super(dev);
    root = new StaticDirectory(this, 1, 0555);
    directories.put("", root);
    processors(machine.cpus());
    network(kernel.network().outside() != null);
    for (String empty :
        new String[] {
          "block",
          "bus",
          "class/tty",
          "dev/block",
          "dev/char",
          "firmware",
          "fs/cgroup",
          "hypervisor",
          "kernel/debug",
          "kernel/security",
          "module",
          "power",
          "bus/pci/devices"
        }) {
      directory(empty);
    }
    String huge = "kernel/mm/transparent_hugepage/";
    file(huge + "enabled", "always madvise [never]\n");
    file(huge + "defrag", "always defer defer+madvise madvise [never]\n");
    file(huge + "shmem_enabled", "always within_size advise [never] deny force\n");
    file(huge + "use_zero_page", "0\n");
    file(huge + "hpage_pmd_size", "2097152\n");
    memoryNode(kernel, machine.cpus());
  }

  private static String range(int cpus) {
    return cpus == 1 ? "0\n" : "0-" + (cpus - 1) + "\n";
  }

  /** A mask of processors as the kernel prints it: groups of 32 bits. */
  private static String mask(int cpus, int from, int to) {
    StringBuilder b = new StringBuilder();
    for (int group = (cpus - 1) / 32; group >= 0; group--) {
      int bits = 0;
      for (int cpu = Math.max(from, group * 32); cpu < Math.min(to, group * 32 + 32); cpu++) {
        bits |= 1 << cpu % 32;
      }
      int digits = group == (cpus - 1) / 32 ? (cpus - group * 32 + 3) / 4 : 8;
      String hex = Integer.toHexString(bits);
      b.append("0".repeat(Math.max(0, digits - hex.length()))).append(hex);
      b.append(group == 0 ? "\n" : ",");
    }
    return b.toString();
  }

  private void processors(int cpus) {
    String base = "devices/system/cpu/";
    for (String name : new String[] {"online", "possible", "present"}) {
      file(base + name, range(cpus));
    }
    file(base + "offline", "\n");
    file(base + "kernel_max", "8191\n");
    file(base + "isolated", "\n");
    file(base + "smt/active", "0\n");
    file(base + "smt/control", "notsupported\n");
    for (int i = 0; i < cpus; i++) {
      String topology = base + "cpu" + i + "/topology/";
      file(topology + "core_id", i + "\n");
      file(topology + "cluster_id", "65535\n");
      file(topology + "die_id", "0\n");
      file(topology + "physical_package_id", "0\n");
      // Every processor is a core of its own, in the one package.
      for (String own : new String[] {"thread_siblings", "core_cpus", "cluster_cpus"}) {
        file(topology + own, mask(cpus, i, i + 1));
        file(topology + own + "_list", i + "\n");
      }
      for (String all : new String[] {"core_siblings", "package_cpus", "die_cpus"}) {
        file(topology + all, mask(cpus, 0, cpus));
        file(topology + all + "_list", range(cpus));
      }
      if (i > 0) {
        file(base + "cpu" + i + "/online", "1\n");
      }
    }
  }

  /** All memory is one node's, as libnuma and numactl read it. */
  private void memoryNode(Kernel kernel, int cpus) {
    String base = "devices/system/node/";
    String[] sets = {"online", "possible", "has_cpu", "has_memory", "has_normal_memory"};
    for (String set : sets) {
      file(base + set, "0\n");
    }
    file(base + "node0/cpulist", range(cpus));
    file(base + "node0/cpumap", mask(cpus, 0, cpus));
    file(base + "node0/distance", "10\n");
    directory(base + "node0")
        .add(
            "meminfo",
            new TextInode(
                this,
                ++lastIno,
                0444,
                t -> {
                  long total = kernel.totalMemory() >> 10;
                  long used = kernel.usedMemory() >> 10;
                  return String.format(
                      "Node 0 MemTotal:       %8d kB\nNode 0 MemFree:        %8d kB\n"
                          + "Node 0 MemUsed:        %8d kB\n",
                      total, total - used, used);
                }));
    for (int i = 0; i < cpus; i++) {
      directory(base + "node0")
          .add("cpu" + i, new StaticSymlink(this, ++lastIno, "../../cpu/cpu" + i));
      directory("devices/system/cpu/cpu" + i)
          .add("node0", new StaticSymlink(this, ++lastIno, "../../node/node0"));
    }
  }

  private void network(boolean outside) {
    networkInterface(
        "lo", 1, "00:00:00:00:00:00", "00:00:00:00:00:00", "0x9", 65536, "unknown", 772);
    if (outside) {
      networkInterface(
          "eth0", 2, "02:76:69:76:00:02", "ff:ff:ff:ff:ff:ff", "0x1003", 1500, "up", 1);
    }
  }

  private void networkInterface(
      String name,
      int index,
      String address,
      String broadcast,
      String flags,
      int mtu,
      String state,
      int type) {
    String base = "devices/virtual/net/" + name + "/";
    file(base + "address", address + "\n");
    file(base + "addr_len", "6\n");
    file(base + "broadcast", broadcast + "\n");
    file(base + "carrier", "1\n");
    file(base + "flags", flags + "\n");
    file(base + "ifindex", index + "\n");
    file(base + "iflink", index + "\n");
    file(base + "mtu", mtu + "\n");
    file(base + "operstate", state + "\n");
    file(base + "tx_queue_len", "1000\n");
    file(base + "type", type + "\n");
    for (String counter :
        new String[] {
          "rx_bytes", "rx_packets", "rx_errors", "tx_bytes", "tx_packets", "tx_errors"
        }) {
      file(base + "statistics/" + counter, "0\n");
    }
    directory("class/net")
        .add(name, new StaticSymlink(this, ++lastIno, "../../devices/virtual/net/" + name));
  }

  private StaticDirectory directory(String path) {
    StaticDirectory d = directories.get(path);
    if (d == null) {
      int slash = path.lastIndexOf('/');
      StaticDirectory parent = directory(slash < 0 ? "" : path.substring(0, slash));
      d = parent.add(path.substring(slash + 1), new StaticDirectory(this, ++lastIno, 0555));
      directories.put(path, d);
    }
    return d;
  }

  private void file(String path, String content) {
    int slash = path.lastIndexOf('/');
    directory(path.substring(0, slash))
        .add(path.substring(slash + 1), new TextInode(this, ++lastIno, 0444, t -> content));
  }

  @Override
  public String typeName() {
    return "sysfs";
  }

  @Override
  public long magic() {
    return 0x62656572;
  }

  @Override
  public Inode root() {
    return root;
  }
}

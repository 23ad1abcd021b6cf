package dev.vivarium.sentry.vfs.sys;

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

  public SysFs(long dev, Machine machine) {
    super(dev);
    root = new StaticDirectory(this, 1, 0555);
    directories.put("", root);
    processors(machine.cpus());
    network();
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
          "power"
        }) {
      directory(empty);
    }
    file("kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    file("devices/system/node/online", "0\n");
    file("devices/system/node/possible", "0\n");
    file("devices/system/node/node0/cpulist", range(machine.cpus()));
    file(
        "devices/system/node/node0/cpumap",
        Long.toHexString((1L << Math.min(machine.cpus(), 63)) - 1) + "\n");
  }

  private static String range(int cpus) {
    return cpus == 1 ? "0\n" : "0-" + (cpus - 1) + "\n";
  }

  private void processors(int cpus) {
    String base = "devices/system/cpu/";
    for (String name : new String[] {"online", "possible", "present"}) {
      file(base + name, range(cpus));
    }
    file(base + "offline", "\n");
    file(base + "kernel_max", "8191\n");
    file(base + "isolated", "\n");
    for (int i = 0; i < cpus; i++) {
      String topology = base + "cpu" + i + "/topology/";
      file(topology + "core_id", i + "\n");
      file(topology + "physical_package_id", "0\n");
      file(topology + "thread_siblings", Long.toHexString(1L << i) + "\n");
      file(topology + "thread_siblings_list", i + "\n");
      file(topology + "core_siblings_list", range(cpus));
    }
  }

  private void network() {
    String lo = "devices/virtual/net/lo/";
    file(lo + "address", "00:00:00:00:00:00\n");
    file(lo + "addr_len", "6\n");
    file(lo + "broadcast", "00:00:00:00:00:00\n");
    file(lo + "carrier", "1\n");
    file(lo + "flags", "0x9\n");
    file(lo + "ifindex", "1\n");
    file(lo + "iflink", "1\n");
    file(lo + "mtu", "65536\n");
    file(lo + "operstate", "unknown\n");
    file(lo + "tx_queue_len", "1000\n");
    file(lo + "type", "772\n");
    for (String counter :
        new String[] {
          "rx_bytes", "rx_packets", "rx_errors", "tx_bytes", "tx_packets", "tx_errors"
        }) {
      file(lo + "statistics/" + counter, "0\n");
    }
    directory("class/net")
        .add("lo", new StaticSymlink(this, ++lastIno, "../../" + "devices/virtual/net/lo"));
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

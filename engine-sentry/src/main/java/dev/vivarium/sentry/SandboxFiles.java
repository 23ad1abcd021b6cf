package dev.vivarium.sentry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.GuestText;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.image.view.RootViews;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.tty.DevPts;
import dev.vivarium.sentry.tty.Terminal;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.NameOps;
import dev.vivarium.sentry.vfs.cgroup.CgroupFs;
import dev.vivarium.sentry.vfs.dev.DevFs;
import dev.vivarium.sentry.vfs.dev.DeviceTable;
import dev.vivarium.sentry.vfs.image.ImageFs;
import dev.vivarium.sentry.vfs.overlay.OverlayChanges;
import dev.vivarium.sentry.vfs.overlay.OverlayFs;
import dev.vivarium.sentry.vfs.proc.Machine;
import dev.vivarium.sentry.vfs.proc.ProcFs;
import dev.vivarium.sentry.vfs.sys.SysFs;
import dev.vivarium.sentry.vfs.tmpfs.MemoryBudget;
import dev.vivarium.sentry.vfs.tmpfs.SingleFile;
import dev.vivarium.sentry.vfs.tmpfs.Tmpfs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes the sandbox's file systems: the root with its writable layer, /dev, /proc, /tmp and the
 * user's mounts.
 */
final class SandboxFiles {
  private static final int MAX_ACCOUNTS = 4096;

  /** How long a resolver waits, where nobody and where somebody must be asked first. */
  private static final int NAME_SECONDS = 3;

  private static final int ASKED_SECONDS = 30;

  /** {@code st_dev} of the standard streams that come from the host. */
  static final long HOST_DEVICE = 12;

  private static final long ROOT_DEVICE = 40;
  private static final int MAX_HEAP = 32 << 20;
  private static final int MAX_INODES = 2_000_000;
  private static final int STICKY_FOR_ALL = 01777;
  private static final int PSEUDO = Mount.NOSUID | Mount.NODEV | Mount.NOEXEC;
  private static final int SAFE = Mount.NOSUID | Mount.NODEV;

  private final SandboxResources resources;
  private final SandboxSpec spec;
  private final Kernel kernel;
  private final Task task;
  private final MemoryBudget budget;
  private final DevPts devpts;
  private final DeviceTable devices;
  private long nextDevice = ROOT_DEVICE;

  SandboxFiles(SandboxResources resources, SandboxSpec spec, Task task) {
    this.resources = resources;
    this.spec = spec;
    this.kernel = resources.kernel();
    this.task = task;
    // As a tmpfs of Linux: files take at most half of the memory.
    long limit = spec.limits().memoryBytes();
    long room = (limit > 0 ? limit : resources.hostMemory()) / 2;
    long disk = spec.limits().diskBytes();
    this.budget = new MemoryBudget(disk > 0 ? Math.min(disk, room) : room, MAX_HEAP, MAX_INODES);
    if (disk > 0) {
      kernel.setDiskBudget(budget);
    }
    this.devpts = new DevPts(nextDevice++);
    this.devices = new DeviceTable(devpts);
  }

  /** The terminal behind /dev/console, if there is one. */
  void setConsole(@Nullable Terminal terminal) {
    if (terminal != null) {
      devices.setConsole(terminal);
    }
  }

  DevPts devpts() {
    return devpts;
  }

  SandboxMounts mount() throws EngineException {
    if (spec.root() instanceof SandboxSpec.Root.Directory tree) {
      kernel.setSpecialFiles(devices);
      return new BundleFiles(this, resources, spec, tree, task).mount();
    }
    OverlayFs root = new OverlayFs(nextDevice++, lower(), kernel.memoryFile(), budget);
    SandboxMounts mounts = new SandboxMounts(task, root);
    Map<String, FileSystem> besides = new LinkedHashMap<>();
    kernel.setSpecialFiles(devices);
    must(
        mounts.mount(
            "/dev", new DevFs(nextDevice++, spec.process().terminal()), "dev", Mount.NOSUID),
        "/dev");
    must(mounts.mount("/dev/pts", devpts, "devpts", Mount.NOSUID | Mount.NOEXEC), "/dev/pts");
    must(mounts.mount("/dev/shm", tmpfs(STICKY_FOR_ALL), "shm", SAFE | Mount.NOEXEC), "/dev/shm");
    FileSystem queues = kernel.messageQueues().fileSystem();
    must(mounts.mount("/dev/mqueue", queues, "mqueue", PSEUDO), "/dev/mqueue");
    Machine machine = machine();
    ProcFs proc = new ProcFs(nextDevice++, kernel, machine);
    SysFs sys = new SysFs(nextDevice++, kernel, machine);
    CgroupFs cgroup = new CgroupFs(nextDevice++, kernel);
    must(mounts.mount("/proc", proc, "proc", PSEUDO), "/proc");
    must(mounts.mount("/sys", sys, "sysfs", PSEUDO | Mount.RDONLY), "/sys");
    must(
        mounts.mount("/sys/fs/cgroup", cgroup, "cgroup2", PSEUDO | Mount.RDONLY), "/sys/fs/cgroup");
    List.of(devpts, queues, proc, sys, cgroup).forEach(kernel::offer);
    if (spec.root() instanceof SandboxSpec.Root.Host) {
      must(mounts.mount("/tmp", tmpfs(STICKY_FOR_ALL), "tmpfs", SAFE), "/tmp");
      must(mounts.mount("/var/tmp", tmpfs(STICKY_FOR_ALL), "tmpfs", SAFE), "/var/tmp");
      must(mounts.mount("/run", tmpfs(0755), "tmpfs", SAFE), "/run");
      FileSystem homes = tmpfs(0755);
      FileSystem home = tmpfs(0700);
      must(mounts.mount("/home", homes, "tmpfs", SAFE), "/home");
      must(mounts.mount("/root", home, "tmpfs", SAFE), "/root");
      // What it leaves in a home is as much a change as what it does to the root.
      besides.put("home", homes);
      besides.put("root", home);
    }
    giveNames(mounts);
    mountBinds(mounts);
    if (spec.readOnlyRoot()) {
      mounts.makeRootReadOnly();
    }
    resources.setChanges(new OverlayChanges(root, besides, kernel.newKernelTask()));
    return mounts;
  }

  /** What the guest is told of the machine. */
  Machine machine() {
    Machine machine = Machine.ofHost(kernel.processors(), spec.limits().memoryBytes());
    kernel.setTotalMemory(machine.memoryBytes());
    kernel.setFileMemory(budget::usedBytes);
    return machine;
  }

  /** A number for a new file system. */
  long newDevice() {
    return nextDevice++;
  }

  /** An overlay of nothing yet over a file system. */
  OverlayFs overlay(FileSystem lower) {
    return new OverlayFs(nextDevice++, lower, kernel.memoryFile(), budget);
  }

  /** How long a name may take, in seconds: a person may have to say something first. */
  private int patience() {
    return spec.network().policy().asks() ? ASKED_SECONDS : NAME_SECONDS;
  }

  /** Who resolves names, and whose they are, where there is a network. */
  private void giveNames(SandboxMounts mounts) throws EngineException {
    if (spec.network().isNone()) {
      return;
    }
    String resolver = "nameserver 10.86.0.1\noptions timeout:" + patience() + " attempts:2\n";
    String hosts =
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n10.86.0.1\t"
            + "host.vivarium.internal\n"
            + resources.ownAddress()
            + "\t"
            + GuestText.of(spec.hostname())
            + "\n";
    giveFile(mounts, "/etc/resolv.conf", resolver);
    giveFile(mounts, "/etc/hosts", hosts);
    if (spec.root() instanceof SandboxSpec.Root.Host) {
      giveFile(mounts, "/etc/shadow", accountsWithoutPasswords());
    }
  }

  /**
   * An /etc/shadow in which nobody has a password: the host's is not shown, and without one a
   * server such as sshd takes every account for locked and refuses keys too.
   */
  private static String accountsWithoutPasswords() {
    StringBuilder b = new StringBuilder();
    try (Stream<String> accounts = Files.lines(Path.of("/etc/passwd"), ISO_8859_1)) {
      accounts
          .limit(MAX_ACCOUNTS)
          .filter(line -> line.indexOf(':') > 0)
          .forEach(line -> b.append(line, 0, line.indexOf(':')).append(":*:20000:0:99999:7:::\n"));
    } catch (IOException | UncheckedIOException e) {
      return "root:*:20000:0:99999:7:::\n";
    }
    return b.toString();
  }

  private void giveFile(SandboxMounts mounts, String path, String text) throws EngineException {
    byte[] content = text.getBytes(ISO_8859_1);
    SingleFile fs = new SingleFile(task, nextDevice++, kernel.memoryFile(), budget, content);
    long rc = mounts.mountFile(path, fs, "tmpfs", SAFE);
    if (rc == -Errno.ENOENT) {
      // A symbolic link that leads nowhere here, such as to what a service of the host writes.
      NameOps.unlink(task, Fcntl.AT_FDCWD, path);
      rc = mounts.mountFile(path, fs, "tmpfs", SAFE);
    }
    must(rc, path);
  }

  /** The host paths that the user named, in the order given. */
  private void mountBinds(SandboxMounts mounts) throws EngineException {
    for (int i = 0; i < spec.mounts().size(); i++) {
      SandboxSpec.Mount m = spec.mounts().get(i);
      FileSystem fs = resources.gofers().bind(i, nextDevice++);
      String target = GuestText.of(m.target());
      String source = GuestText.of(m.source());
      int flags = m.writable() ? SAFE : SAFE | Mount.RDONLY;
      long rc =
          fs.root().isDirectory()
              ? mounts.mount(target, fs, source, flags)
              : mounts.mountFile(target, fs, source, flags);
      must(rc, m.target());
    }
  }

  private FileSystem lower() throws EngineException {
    if (spec.root() instanceof SandboxSpec.Root.Image image) {
      List<Path> layers = image.layers().stream().map(Path::of).toList();
      try {
        return new ImageFs(nextDevice++, RootViews.open(layers), resources.blobs());
      } catch (IOException e) {
        throw new EngineException(
            SentrySandbox.FAILED,
            "cannot read the image "
                + image.reference()
                + ": "
                + e.getMessage()
                + "; pull it again",
            e);
      }
    }
    return resources.gofers().host(nextDevice++);
  }

  FileSystem tmpfs(int mode) {
    return new Tmpfs(nextDevice++, kernel.memoryFile(), budget, mode);
  }

  static void must(long rc, String what) throws EngineException {
    if (rc < 0) {
      throw new EngineException(
          SentrySandbox.FAILED,
          "cannot mount " + what + " in the sandbox: " + Errno.name((int) -rc));
    }
  }
}

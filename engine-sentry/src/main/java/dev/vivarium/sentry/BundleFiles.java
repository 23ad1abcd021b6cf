package dev.vivarium.sentry;

import dev.vivarium.engine.EngineException;
import dev.vivarium.engine.GuestText;
import dev.vivarium.engine.SandboxSpec;
import dev.vivarium.engine.SandboxSpec.DirectoryMount;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Mount;
import dev.vivarium.sentry.vfs.PathWalker;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.WalkResult;
import dev.vivarium.sentry.vfs.cgroup.CgroupFs;
import dev.vivarium.sentry.vfs.dev.DevFs;
import dev.vivarium.sentry.vfs.proc.Machine;
import dev.vivarium.sentry.vfs.proc.ProcFs;
import dev.vivarium.sentry.vfs.sys.SysFs;
import java.util.List;
import java.util.Map;

/**
 * The file systems of a bundle: its root through the gofer, and on it what it asks for in its
 * order. What changes in the root changes on the host; a root that is read-only is never written
 * to, and the places to mount on that it lacks are only in memory.
 */
final class BundleFiles {
  private static final int DIRECTORY_MODE = 0755;
  private static final int STICKY_FOR_ALL = 01777;
  private static final int PSEUDO = Mount.NOSUID | Mount.NODEV | Mount.NOEXEC;

  private final SandboxFiles files;
  private final SandboxResources resources;
  private final SandboxSpec spec;
  private final SandboxSpec.Root.Directory tree;
  private final Kernel kernel;
  private final Task task;
  private final ProcFs proc;
  private final SysFs sys;
  private final CgroupFs cgroup;
  private int binds;

  BundleFiles(
      SandboxFiles files,
      SandboxResources resources,
      SandboxSpec spec,
      SandboxSpec.Root.Directory tree,
      Task task) {
    this.files = files;
    this.resources = resources;
    this.spec = spec;
    this.tree = tree;
    this.kernel = resources.kernel();
    this.task = task;
    Machine machine = files.machine();
    proc = new ProcFs(files.newDevice(), kernel, machine);
    sys = new SysFs(files.newDevice(), kernel, machine);
    cgroup = new CgroupFs(files.newDevice(), kernel);
    List.of(files.devpts(), kernel.messageQueues().fileSystem(), proc, sys, cgroup)
        .forEach(kernel::offer);
  }

  SandboxMounts mount() throws EngineException {
    FileSystem root = resources.gofers().bind(binds++, files.newDevice());
    SandboxMounts mounts =
        new SandboxMounts(task, spec.readOnlyRoot() ? files.overlay(root) : root);
    for (DirectoryMount usual : usual()) {
      if (tree.mounts().stream().noneMatch(m -> m.target().equals(usual.target()))) {
        mount(mounts, usual);
      }
      if (usual.target().equals("/dev")) {
        for (DirectoryMount m : tree.mounts()) {
          mount(mounts, m);
        }
      }
    }
    for (Map.Entry<String, String> each : tree.sysctls().entrySet()) {
      set(each.getKey(), each.getValue());
    }
    for (String path : tree.masked()) {
      mask(mounts, path);
    }
    for (String path : tree.readOnly()) {
      makeReadOnly(mounts, path);
    }
    if (spec.readOnlyRoot()) {
      mounts.makeRootReadOnly();
    }
    return mounts;
  }

  /** What every container has, whether its bundle says so or not; /dev below all the others. */
  private static List<DirectoryMount> usual() {
    return List.of(
        new DirectoryMount("tmpfs", "dev", "/dev", List.of("nosuid")),
        new DirectoryMount("devpts", "devpts", "/dev/pts", List.of("nosuid", "noexec")),
        new DirectoryMount("tmpfs", "shm", "/dev/shm", List.of("nosuid", "nodev", "noexec")),
        new DirectoryMount("proc", "proc", "/proc", List.of("nosuid", "nodev", "noexec")),
        new DirectoryMount("sysfs", "sysfs", "/sys", List.of("nosuid", "nodev", "noexec", "ro")));
  }

  private void mount(SandboxMounts mounts, DirectoryMount m) throws EngineException {
    String target = GuestText.of(m.target());
    FileSystem fs =
        switch (m.type()) {
          case "bind" -> resources.gofers().bind(binds++, files.newDevice());
          case "proc" -> proc;
          case "sysfs" -> sys;
          case "cgroup", "cgroup2" -> cgroup;
          case "devpts" -> files.devpts();
          case "mqueue" -> kernel.messageQueues().fileSystem();
          default ->
              target.equals("/dev")
                  ? new DevFs(files.newDevice(), spec.process().terminal())
                  : files.tmpfs(mode(m, target));
        };
    // Where on the host a bind comes from is none of the guest's business.
    String source = m.isBind() ? "gofer" : GuestText.of(m.source());
    long rc =
        fs.root().isDirectory()
            ? mounts.mount(target, fs, source, flags(m))
            : mounts.mountFile(target, fs, source, flags(m));
    SandboxFiles.must(rc, m.target());
  }

  private static int mode(DirectoryMount m, String target) {
    for (String option : m.options()) {
      if (option.matches("mode=[0-7]{1,5}")) {
        return Integer.parseInt(option.substring(5), 8) & 07777;
      }
    }
    return target.equals("/run") ? DIRECTORY_MODE : STICKY_FOR_ALL;
  }

  private static int flags(DirectoryMount m) {
    int flags = m.isBind() || m.type().equals("tmpfs") ? 0 : PSEUDO;
    for (String option : m.options()) {
      switch (option) {
        case "ro" -> flags |= Mount.RDONLY;
        case "nosuid" -> flags |= Mount.NOSUID;
        case "nodev" -> flags |= Mount.NODEV;
        case "noexec" -> flags |= Mount.NOEXEC;
        case "noatime" -> flags |= Mount.NOATIME;
        case "nodiratime" -> flags |= Mount.NODIRATIME;
        case "relatime" -> flags |= Mount.RELATIME;
        case "suid" -> flags &= ~Mount.NOSUID;
        case "dev" -> flags &= ~Mount.NODEV;
        case "exec" -> flags &= ~Mount.NOEXEC;
        default -> {
          // Of propagation, which a sandbox has none of, or a size, which its memory limits.
        }
      }
    }
    return flags;
  }

  private void set(String sysctl, String value) throws EngineException {
    long rc = proc.setSysctl(task, sysctl.replace('.', '/'), GuestText.of(value));
    if (rc < 0) {
      throw new EngineException(
          SentrySandbox.FAILED,
          "config.json: linux.sysctl: "
              + switch ((int) -rc) {
                case Errno.ENOENT -> "no such parameter here: " + sysctl;
                case Errno.EACCES -> "cannot be set here: " + sysctl;
                default -> "not a value of " + sysctl + ": " + value;
              });
    }
  }

  /** A file reads as empty, a directory has nothing in it. */
  private void mask(SandboxMounts mounts, String path) throws EngineException {
    VfsPath at = find(path);
    if (at == null) {
      return;
    }
    long rc;
    if (at.inode().isDirectory()) {
      rc =
          mounts.mount(
              GuestText.of(path), files.tmpfs(DIRECTORY_MODE), "tmpfs", PSEUDO | Mount.RDONLY);
    } else {
      VfsPath nothing = find("/dev/null");
      rc = nothing == null ? -Errno.ENOENT : mounts.namespace().bind(nothing, at, false);
    }
    SandboxFiles.must(rc, path);
  }

  private void makeReadOnly(SandboxMounts mounts, String path) throws EngineException {
    VfsPath at = find(path);
    if (at == null) {
      return;
    }
    SandboxFiles.must(mounts.namespace().bind(at, at, true), path);
    VfsPath made = find(path);
    if (made != null) {
      made.mount().setFlags(made.mount().flags() | Mount.RDONLY);
    }
  }

  @org.jspecify.annotations.Nullable
  private VfsPath find(String path) {
    WalkResult at = new WalkResult();
    long rc = PathWalker.walk(task, Fcntl.AT_FDCWD, GuestText.of(path), PathWalker.FOLLOW, at);
    return rc < 0 ? null : at.path();
  }
}

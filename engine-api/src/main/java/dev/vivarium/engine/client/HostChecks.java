package dev.vivarium.engine.client;

import dev.vivarium.engine.EngineProbe.Finding;
import dev.vivarium.engine.EngineProbe.Level;
import dev.vivarium.engine.HostSystem;
import dev.vivarium.engine.state.Directories;
import java.io.File;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What can be told of this machine without an engine. */
public final class HostChecks {
  private static final int JAVA = 25;
  private static final long ENOUGH_DISK = 2L << 30;

  private final Map<String, String> environment;
  private final HostSystem system;
  private final boolean packaged;

  /**
   * @param environment of this process
   */
  public HostChecks(Map<String, String> environment) {
    this(
        environment,
        HostSystem.current(),
        Files.exists(Path.of(System.getProperty("vivarium.home", ""), "VERSION")));
  }

  /**
   * The same.
   *
   * @param packaged whether this is an installed package, which nobody builds
   */
  public HostChecks(Map<String, String> environment, HostSystem system, boolean packaged) {
    this.environment = environment;
    this.system = system;
    this.packaged = packaged;
  }

  /** All of them; takes up to some seconds. */
  public List<Finding> all() {
    List<Finding> findings = new ArrayList<>();
    findings.add(java());
    if (!system.hasEngines()) {
      findings.add(new Finding("system", Level.MISSING, system.absence(), HostSystem.remedy()));
      findings.add(directories());
      findings.add(disk());
      return findings;
    }
    findings.add(kernel());
    findings.add(userNamespaces());
    findings.add(seccomp());
    findings.add(kvm());
    findings.add(cgroups());
    findings.add(directories());
    findings.add(disk());
    findings.add(program("setsid", "it comes with util-linux: sudo apt-get install util-linux"));
    findings.add(program("stty", "it comes with coreutils: sudo apt-get install coreutils"));
    if (!packaged) {
      findings.add(compiler());
    }
    return findings;
  }

  private static Finding ok(String name, String detail) {
    return new Finding(name, Level.OK, detail, "");
  }

  private static Finding java() {
    String detail = Runtime.version() + " in " + System.getProperty("java.home");
    return Runtime.version().feature() >= JAVA
        ? ok("java", detail)
        : new Finding("java", Level.MISSING, detail, "install a JDK " + JAVA + " or newer");
  }

  private static Finding kernel() {
    return ok("kernel", System.getProperty("os.version") + " " + System.getProperty("os.arch"));
  }

  private static Finding userNamespaces() {
    String name = "user namespaces";
    if (read("/proc/sys/user/max_user_namespaces").equals("0")) {
      return new Finding(
          name, Level.MISSING, "none are allowed", "sudo sysctl user.max_user_namespaces=15000");
    }
    if (succeeds("unshare", "--user", "--map-root-user", "true")) {
      return ok(name, "can be made");
    }
    if (read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").equals("1")) {
      return new Finding(
          name,
          Level.MISSING,
          "AppArmor keeps unprivileged users from them",
          "install Vivarium's package, which has an AppArmor profile; or sudo sysctl"
              + " kernel.apparmor_restrict_unprivileged_userns=0");
    }
    if (read("/proc/sys/kernel/unprivileged_userns_clone").equals("0")) {
      return new Finding(
          name,
          Level.MISSING,
          "unprivileged users may not make them",
          "sudo sysctl kernel.unprivileged_userns_clone=1");
    }
    return new Finding(
        name,
        Level.MISSING,
        "cannot be made: unshare --user fails",
        "if this is a container, allow it to make user namespaces");
  }

  private static Finding seccomp() {
    String actions = read("/proc/sys/kernel/seccomp/actions_avail");
    if (actions.isEmpty()) {
      return new Finding(
          "seccomp",
          Level.MISSING,
          "this kernel has none",
          "use a kernel with CONFIG_SECCOMP_FILTER");
    }
    return actions.contains("trap")
        ? ok("seccomp", actions)
        : new Finding("seccomp", Level.MISSING, "cannot trap: " + actions, "use a newer kernel");
  }

  private static Finding kvm() {
    Path device = Path.of("/dev/kvm");
    if (!Files.exists(device)) {
      return new Finding(
          "kvm",
          Level.DEGRADED,
          "there is no /dev/kvm: microVMs run without hardware help, slowly",
          "turn on virtualization in the firmware, or nested virtualization in the hypervisor");
    }
    if (!Files.isReadable(device) || !Files.isWritable(device)) {
      return new Finding(
          "kvm", Level.DEGRADED, "/dev/kvm is not for this user", "sudo usermod -aG kvm $USER");
    }
    return ok("kvm", "/dev/kvm can be opened");
  }

  private static Finding cgroups() {
    return Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"))
        ? ok("cgroups", "version 2: " + read("/sys/fs/cgroup/cgroup.controllers"))
        : new Finding(
            "cgroups",
            Level.DEGRADED,
            "no version 2: processors are not limited by the host",
            "boot with systemd.unified_cgroup_hierarchy=1");
  }

  private Finding directories() {
    try {
      Directories directories = Directories.of(environment);
      return ok("directories", directories.run() + ", " + directories.state());
    } catch (IOException e) {
      return new Finding("directories", Level.MISSING, String.valueOf(e.getMessage()), "");
    }
  }

  private static Finding disk() {
    try {
      Path store = dev.vivarium.image.store.ImageStore.defaultRoot();
      while (!Files.exists(store)) {
        store = store.getParent();
      }
      FileStore disk = Files.getFileStore(store);
      String free = disk.getUsableSpace() / (1 << 20) + " MiB free for images at " + store;
      return disk.getUsableSpace() >= ENOUGH_DISK
          ? ok("disk", free)
          : new Finding("disk", Level.DEGRADED, free, "viv rmi images that are not needed");
    } catch (IOException e) {
      return new Finding("disk", Level.DEGRADED, String.valueOf(e.getMessage()), "");
    }
  }

  private Finding program(String name, String remedy) {
    for (String directory : environment.getOrDefault("PATH", "/usr/bin:/bin").split(":", -1)) {
      if (new File(directory, name).canExecute()) {
        return ok(name, directory + "/" + name);
      }
    }
    return new Finding(name, Level.MISSING, "not found in PATH", remedy);
  }

  /** Needed only to build. */
  private Finding compiler() {
    Finding gcc = program("gcc", "sudo apt-get install gcc");
    return gcc.level() == Level.OK
        ? gcc
        : new Finding("gcc", Level.DEGRADED, "not found: needed only to build", gcc.remedy());
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      return "";
    }
  }

  private static boolean succeeds(String... command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (process.waitFor(5, TimeUnit.SECONDS)) {
        return process.exitValue() == 0;
      }
      process.destroyForcibly();
      return false;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}

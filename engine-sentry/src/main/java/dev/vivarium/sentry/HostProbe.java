package dev.vivarium.sentry;

import dev.vivarium.engine.EngineProbe;
import dev.vivarium.engine.EngineProbe.Finding;
import dev.vivarium.engine.EngineProbe.Level;
import dev.vivarium.engine.HostSystem;
import dev.vivarium.sentry.gofer.GoferClient;
import dev.vivarium.sentry.gofer.GoferException;
import dev.vivarium.sentry.gofer.GoferRoot;
import dev.vivarium.sentry.host.HostMemory;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.platform.Platform;
import dev.vivarium.sentry.platform.PlatformException;
import dev.vivarium.sentry.platform.ptrace.PtracePlatform;
import dev.vivarium.sentry.platform.systrap.SystrapPlatform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds out whether the sentry can run on this host: looks at what it needs, then starts a guest
 * process for real on each platform.
 */
final class HostProbe {
  private static final long TEST_MEMORY = 1 << 20;
  private static final Duration GOFER_PATIENCE = Duration.ofSeconds(5);

  private final List<Finding> findings = new ArrayList<>();

  EngineProbe run() {
    if (!HostSystem.current().hasEngines()) {
      add("system", Level.MISSING, HostSystem.current().absence(), HostSystem.remedy());
      return new EngineProbe(false, findings);
    }
    seccomp();
    userNamespaces();
    fsgsbase();
    gofer();
    boolean usable = platforms();
    return new EngineProbe(usable, findings);
  }

  private void seccomp() {
    String actions = read("/proc/sys/kernel/seccomp/actions_avail");
    if (actions.contains("trap")) {
      add("seccomp", Level.OK, "actions: " + actions, "");
    } else {
      add(
          "seccomp",
          Level.MISSING,
          "this kernel has no seccomp filters",
          "use a kernel with CONFIG_SECCOMP_FILTER");
    }
  }

  private void userNamespaces() {
    String max = read("/proc/sys/user/max_user_namespaces");
    if (max.equals("0")) {
      add(
          "user namespaces",
          Level.MISSING,
          "user.max_user_namespaces is 0",
          "sudo sysctl -w user.max_user_namespaces=10000");
    } else if (read("/proc/sys/kernel/unprivileged_userns_clone").equals("0")
        && Libc.getuid() != 0) {
      add(
          "user namespaces",
          Level.MISSING,
          "closed to ordinary users",
          "sudo sysctl -w kernel.unprivileged_userns_clone=1");
    } else if (read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").equals("1")
        && Libc.getuid() != 0) {
      add(
          "user namespaces",
          Level.MISSING,
          "AppArmor closes them to programs without a profile",
          "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
    } else {
      add("user namespaces", Level.OK, "at most " + max, "");
    }
  }

  private void gofer() {
    try (GoferClient client =
        GoferClient.start(List.of(new GoferRoot.Host()), GOFER_PATIENCE, line -> {})) {
      String missing = client.missing();
      add(
          "gofer",
          missing.isEmpty() ? Level.OK : Level.DEGRADED,
          missing.isEmpty() ? "host files are opened behind every boundary" : "without " + missing,
          missing.isEmpty() ? "" : "see docs/security.md; a newer kernel has all of these");
    } catch (GoferException e) {
      add(
          "gofer",
          Level.DEGRADED,
          e.getMessage(),
          "the image host and -v need it; see docs/security.md");
    }
  }

  private void fsgsbase() {
    boolean has = read("/proc/cpuinfo").contains(" fsgsbase ");
    add(
        "fsgsbase",
        has ? Level.OK : Level.DEGRADED,
        has
            ? "thread pointers are set without a host call"
            : "this processor needs a host call to set thread pointers",
        "");
  }

  private boolean platforms() {
    boolean systrap =
        platform(
            "systrap",
            fd -> new SystrapPlatform(fd, new int[0]),
            "a stub started",
            "sandboxes use the ptrace platform here, which is slow");
    boolean ptrace =
        platform(
            "ptrace",
            fd -> new PtracePlatform(fd, new int[0]),
            "a guest process was traced",
            systrap ? "needed only where systrap cannot run" : "");
    return systrap || ptrace;
  }

  /** How a platform is started over a memory file. */
  private interface Start {
    Platform over(int memoryFd) throws PlatformException;
  }

  private boolean platform(String name, Start start, String success, String remedy) {
    long begin = System.nanoTime();
    int fd = HostMemory.createFile("probe", TEST_MEMORY);
    try (Platform platform = start.over(fd)) {
      platform.newProcess();
      String missing = platform instanceof PtracePlatform traced ? traced.missing() : "";
      String detail = success + " in " + (System.nanoTime() - begin) / 1_000_000 + " ms";
      if (missing.isEmpty()) {
        add(name, Level.OK, detail, "");
      } else {
        add(name, Level.DEGRADED, detail + ", but with " + missing, "use a kernel with seccomp");
      }
      return true;
    } catch (PlatformException e) {
      add(name, Level.MISSING, e.getMessage(), remedy);
      return false;
    } finally {
      Libc.close(fd);
    }
  }

  private void add(String name, Level level, String detail, String remedy) {
    findings.add(new Finding(name, level, detail, remedy));
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      return "";
    }
  }
}

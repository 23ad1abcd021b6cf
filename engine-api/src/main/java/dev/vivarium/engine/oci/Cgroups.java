package dev.vivarium.engine.oci;

import dev.vivarium.engine.state.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts the container's processes on the host into the control group that its manager wants, with
 * what that manager may set there; the guest's own limits are the sentry's.
 */
final class Cgroups {
  private static final Path MOUNT = Path.of("/sys/fs/cgroup");

  /** What the sentry and its helpers may take besides the guest's memory. */
  private static final long OWN_MEMORY = 320L << 20;

  /** The same of tasks: a thread of a guest is one of the host, and the JVM has some of its own. */
  private static final int OWN_TASKS = 256;

  /** Those of version 1 in which managers look for a container. */
  private static final List<String> CONTROLLERS =
      List.of(
          "cpu", "cpuacct", "memory", "pids", "blkio", "freezer", "devices", "systemd", "cpuset");

  private Cgroups() {}

  /** Where a path leads that systemd would make: {@code slice:prefix:name}. */
  static String resolve(String path) throws OciException {
    String[] parts = path.split(":", -1);
    if (parts.length == 3) {
      String slice = parts[0].isEmpty() ? "system.slice" : parts[0];
      StringBuilder b = new StringBuilder();
      String name = slice.endsWith(".slice") ? slice.substring(0, slice.length() - 6) : slice;
      for (int dash = name.indexOf('-'); dash > 0; dash = name.indexOf('-', dash + 1)) {
        b.append('/').append(name, 0, dash).append(".slice");
      }
      b.append('/').append(name).append(".slice/");
      return b.append(parts[1]).append('-').append(parts[2]).append(".scope").toString();
    }
    if (path.contains("..") || path.indexOf('\0') >= 0) {
      throw new OciException("config.json: linux.cgroupsPath: must not lead upwards: " + path);
    }
    return path.startsWith("/") ? path : "/" + path;
  }

  /**
   * Makes them and moves processes into them.
   *
   * @return the directories, for whoever deletes the container
   */
  static List<Path> enter(Bundle bundle, long... pids) throws OciException {
    if (bundle.cgroup().isEmpty()) {
      return List.of();
    }
    String path = resolve(bundle.cgroup());
    List<Path> made = new ArrayList<>();
    if (Files.exists(MOUNT.resolve("cgroup.controllers"))) {
      enable(path);
      join(MOUNT.resolve(path.substring(1)), made, pids);
      limit(made.get(0), bundle.resources());
    } else {
      for (String controller : CONTROLLERS) {
        Path root = MOUNT.resolve(controller);
        if (Files.isDirectory(root) && Files.exists(root.resolve("cgroup.procs"))) {
          Path at = root.resolve(path.substring(1));
          if (controller.equals("cpuset")) {
            inherit(root, at);
          }
          join(at, made, pids);
          limitOld(controller, at, bundle.resources());
        }
      }
    }
    return made;
  }

  private static void join(Path at, List<Path> made, long... pids) throws OciException {
    try {
      Files.createDirectories(at);
      made.add(at);
      for (long pid : pids) {
        put(at.resolve("cgroup.procs"), String.valueOf(pid));
      }
    } catch (IOException e) {
      throw new OciException(
          "cannot use the control group of linux.cgroupsPath: " + at + ": " + Reason.of(e));
    }
  }

  /** Of version 2: what is set below must be enabled above. */
  private static void enable(String path) {
    Path at = MOUNT;
    for (String name : path.substring(1).split("/")) {
      for (String controller : List.of("cpu", "cpuset", "memory", "pids", "io")) {
        try {
          put(at.resolve("cgroup.subtree_control"), "+" + controller);
        } catch (IOException e) {
          // Not there, or not ours to enable: then it limits nothing here.
        }
      }
      at = at.resolve(name);
      try {
        Files.createDirectories(at);
      } catch (IOException e) {
        return; // which join tells
      }
    }
  }

  /** A new cpuset is empty, and nothing can be put in it. */
  private static void inherit(Path root, Path at) {
    Path from = root;
    for (Path name : root.relativize(at)) {
      Path to = from.resolve(name);
      for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
        try {
          Files.createDirectories(to);
          if (Files.readString(to.resolve(file)).isBlank()) {
            put(to.resolve(file), Files.readString(from.resolve(file)).strip());
          }
        } catch (IOException e) {
          return; // which join tells
        }
      }
      from = to;
    }
  }

  private static void limit(Path at, Bundle.Resources r) {
    if (r.memoryBytes() > 0) {
      tryPut(at.resolve("memory.max"), String.valueOf(r.memoryBytes() + OWN_MEMORY));
    }
    if (r.quotaMicros() > 0) {
      tryPut(at.resolve("cpu.max"), r.quotaMicros() + " " + r.periodMicros());
    }
    if (r.shares() > 0) {
      long weight = 1 + (Math.clamp(r.shares(), 2, 262144) - 2) * 9999 / 262142;
      tryPut(at.resolve("cpu.weight"), String.valueOf(weight));
    }
    if (r.pids() > 0) {
      tryPut(at.resolve("pids.max"), String.valueOf((long) r.pids() + OWN_TASKS));
    }
    limitSets(at, r);
  }

  private static void limitSets(Path at, Bundle.Resources r) {
    if (!r.processors().isEmpty()) {
      tryPut(at.resolve("cpuset.cpus"), r.processors());
    }
    if (!r.nodes().isEmpty()) {
      tryPut(at.resolve("cpuset.mems"), r.nodes());
    }
  }

  private static void limitOld(String controller, Path at, Bundle.Resources r) {
    if (controller.equals("memory") && r.memoryBytes() > 0) {
      tryPut(at.resolve("memory.limit_in_bytes"), String.valueOf(r.memoryBytes() + OWN_MEMORY));
    }
    if (controller.equals("cpu") && r.quotaMicros() > 0) {
      tryPut(at.resolve("cpu.cfs_period_us"), String.valueOf(r.periodMicros()));
      tryPut(at.resolve("cpu.cfs_quota_us"), String.valueOf(r.quotaMicros()));
    }
    if (controller.equals("cpu") && r.shares() > 0) {
      tryPut(at.resolve("cpu.shares"), String.valueOf(r.shares()));
    }
    if (controller.equals("pids") && r.pids() > 0) {
      tryPut(at.resolve("pids.max"), String.valueOf((long) r.pids() + OWN_TASKS));
    }
    if (controller.equals("cpuset")) {
      limitSets(at, r);
    }
  }

  /** The guest is limited by the sentry in any case. */
  private static void tryPut(Path file, String text) {
    try {
      put(file, text);
    } catch (IOException e) {
      // This host's controller does not take it.
    }
  }

  private static void put(Path file, String text) throws IOException {
    Files.write(
        file, text.getBytes(StandardCharsets.US_ASCII), java.nio.file.StandardOpenOption.WRITE);
  }
}

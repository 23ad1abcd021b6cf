package dev.vivarium.engine.oci;

import dev.vivarium.engine.SandboxSpec.DirectoryMount;
import dev.vivarium.engine.state.Json;
import dev.vivarium.engine.state.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads and checks a bundle: every field that is wrong is named. */
final class BundleReader {
  private static final long MAX_CONFIG = 8L << 20;
  private static final long LEAST_MEMORY = 4L << 20;
  private static final int HOSTNAME_MAX = 64;

  /** File systems that the sentry has itself. */
  private static final Set<String> OWN =
      Set.of("proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2");

  /** The devices that the sentry has itself. */
  private static final Set<String> DEVICES =
      Set.of(
          "/dev/null",
          "/dev/zero",
          "/dev/full",
          "/dev/random",
          "/dev/urandom",
          "/dev/tty",
          "/dev/console",
          "/dev/ptmx");

  private static final Set<String> NAMESPACES =
      Set.of("pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time");

  private final Path bundle;
  private final Fields config;
  private final List<String> remarks = new ArrayList<>();

  private BundleReader(Path bundle, Fields config) {
    this.bundle = bundle;
    this.config = config;
  }

  /**
   * Reads it.
   *
   * @param descriptors how many the process inherits from 3 on
   */
  static Bundle read(Path bundle, int descriptors) throws OciException {
    Path file = bundle.resolve("config.json");
    Map<?, ?> members;
    try {
      if (Files.size(file) > MAX_CONFIG) {
        throw new OciException("config.json is too large: " + file);
      }
      members = Json.object(Files.readAllBytes(file));
    } catch (OciException e) {
      throw e;
    } catch (java.nio.file.FileSystemException e) {
      throw new OciException("cannot read config.json: " + file + ": " + Reason.of(e));
    } catch (IOException e) {
      throw new OciException("config.json: " + e.getMessage());
    }
    return new BundleReader(bundle, new Fields("", members)).read(descriptors);
  }

  private Bundle read(int descriptors) throws OciException {
    String version = config.required("ociVersion");
    if (!version.matches("1\\.\\d+\\.\\d+([-+].*)?")) {
      throw config.wrong("ociVersion", "is not one of 1.x: " + version);
    }
    if (!config.has("process")) {
      throw config.wrong("process", "is missing");
    }
    if (!config.has("root")) {
      throw config.wrong("root", "is missing");
    }
    Fields linux = config.object("linux");
    Optional<String> network = namespaces(linux);
    devices(linux);
    if (linux.has("intelRdt") || linux.has("personality")) {
      throw linux.wrong(linux.has("intelRdt") ? "intelRdt" : "personality", "is not supported");
    }
    linux.object("seccomp").text("defaultAction");
    for (Fields each : linux.object("seccomp").objects("syscalls")) {
      each.required("action");
      each.texts("names");
    }
    Fields root = config.object("root");
    return new Bundle(
        version,
        bundle.toString(),
        rootPath(root),
        root.flag("readonly"),
        ProcessReader.read(config.object("process"), descriptors),
        hostname(),
        mounts(),
        paths(linux, "maskedPaths"),
        paths(linux, "readonlyPaths"),
        sysctls(linux),
        network,
        linux.text("cgroupsPath").orElse(""),
        resources(linux.object("resources")),
        config.map("annotations"),
        Hook.read(config),
        List.copyOf(remarks));
  }

  private String rootPath(Fields root) throws OciException {
    Path path = bundle.resolve(root.required("path")).normalize();
    if (!Files.isDirectory(path)) {
      throw root.wrong("path", "is no directory: " + path);
    }
    return path.toString();
  }

  private String hostname() throws OciException {
    String name = config.text("hostname").orElse("");
    if (name.length() > HOSTNAME_MAX) {
      throw config.wrong("hostname", "is longer than " + HOSTNAME_MAX + " characters");
    }
    return name;
  }

  private static List<String> paths(Fields linux, String field) throws OciException {
    List<String> paths = linux.texts(field);
    for (String path : paths) {
      if (!path.startsWith("/")) {
        throw linux.wrong(field, "must hold absolute paths: " + path);
      }
    }
    return paths;
  }

  private static Map<String, String> sysctls(Fields linux) throws OciException {
    Map<String, String> all = linux.map("sysctl");
    for (String name : all.keySet()) {
      if (!name.matches("[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)*")) {
        throw linux.wrong("sysctl", "no such parameter: " + name);
      }
    }
    return all;
  }

  private List<DirectoryMount> mounts() throws OciException {
    List<DirectoryMount> all = new ArrayList<>();
    for (Fields each : config.objects("mounts")) {
      String target = each.required("destination");
      if (!target.startsWith("/")) {
        // Of old bundles.
        target = "/" + target;
      }
      List<String> options = each.texts("options");
      if (each.has("uidMappings") || each.has("gidMappings")) {
        throw each.wrong("uidMappings", "mapped mounts are not supported");
      }
      String type = each.text("type").orElse("");
      boolean bind = type.equals("bind") || options.contains("bind") || options.contains("rbind");
      if (bind) {
        String source = each.required("source");
        Path path = bundle.resolve(source).normalize();
        if (!Files.exists(path)) {
          throw each.wrong("source", "no such file or directory: " + path);
        }
        if (isDevice(path)) {
          if (!DEVICES.contains(target)) {
            throw each.wrong("source", "a device of the host cannot be given: " + path);
          }
          continue; // the sentry's own is there already
        }
        all.add(new DirectoryMount("bind", path.toString(), target, options));
      } else if (OWN.contains(type)) {
        all.add(new DirectoryMount(type, each.text("source").orElse(type), target, options));
      } else {
        throw each.wrong(
            "type", type.isEmpty() ? "is missing" : "no such file system here: " + type);
      }
    }
    return all;
  }

  private static boolean isDevice(Path path) {
    return !Files.isDirectory(path) && Files.exists(path) && isOther(path);
  }

  private static boolean isOther(Path path) {
    try {
      int mode = (Integer) Files.getAttribute(path, "unix:mode") & 0170000;
      return mode == 0020000 || mode == 0060000;
    } catch (IOException e) {
      return false;
    }
  }

  /** The namespaces, of which the sentry gives every container its own, but for the network's. */
  private Optional<String> namespaces(Fields linux) throws OciException {
    Set<String> seen = new HashSet<>();
    Optional<String> network = Optional.empty();
    for (Fields each : linux.objects("namespaces")) {
      String type = each.required("type");
      if (!NAMESPACES.contains(type)) {
        throw each.wrong("type", "no such namespace: " + type);
      }
      if (!seen.add(type)) {
        throw each.wrong("type", "is there twice: " + type);
      }
      Optional<String> path = each.absolute("path");
      if (path.isPresent() && !Files.exists(Path.of(path.get()))) {
        throw each.wrong("path", "no such file: " + path.get());
      }
      if (path.isPresent() && isOfAnotherType(Path.of(path.get()), type)) {
        throw each.wrong("path", "is no namespace of type " + type + ": " + path.get());
      }
      switch (type) {
        case "network" -> network = path;
        case "pid", "mount", "user", "time" -> {
          if (path.isPresent()) {
            throw each.wrong("path", "a " + type + " namespace of others cannot be joined");
          }
        }
        default -> {
          if (path.isPresent()) {
            remarks.add("the " + type + " namespace " + path.get() + " is not shared");
          }
        }
      }
    }
    if (!seen.contains("network")) {
      throw linux.wrong(
          "namespaces",
          "has no network namespace: the host's own network is never given to a container");
    }
    mappings(linux, "uidMappings");
    mappings(linux, "gidMappings");
    return network;
  }

  /** Whether a link of namespaces(7), as /proc/PID/ns has them, says that it is of another type. */
  private static boolean isOfAnotherType(Path path, String type) {
    String name =
        switch (type) {
          case "network" -> "net";
          case "mount" -> "mnt";
          default -> type;
        };
    try {
      String target = Files.readSymbolicLink(path).toString();
      int colon = target.indexOf(":[");
      return colon > 0 && !target.substring(0, colon).equals(name);
    } catch (IOException e) {
      // A mounted namespace does not say what it is.
      return false;
    }
  }

  /** Ids inside are those of the files outside, so that only the mapping onto itself will do. */
  private static void mappings(Fields linux, String field) throws OciException {
    for (Fields each : linux.objects(field)) {
      long inside = each.number("containerID", 0, 0xffffffffL, 0);
      long outside = each.number("hostID", 0, 0xffffffffL, 0);
      each.number("size", 0, 0xffffffffL, 0);
      if (inside != outside) {
        throw linux.wrong(field, "user ids cannot be mapped to others");
      }
    }
  }

  private static void devices(Fields linux) throws OciException {
    for (Fields each : linux.objects("devices")) {
      String path = each.absolute("path").orElseThrow(() -> each.wrong("path", "is missing"));
      String type = each.required("type");
      if (!Set.of("c", "b", "u", "p").contains(type)) {
        throw each.wrong("type", "is none of c, b, u and p: " + type);
      }
      if (!DEVICES.contains(path)) {
        throw each.wrong("path", "a device of the host cannot be given: " + path);
      }
    }
  }

  private static Bundle.Resources resources(Fields in) throws OciException {
    Fields memory = in.object("memory");
    long limit = memory.number("limit").orElse(0L);
    if (limit > 0 && limit < LEAST_MEMORY) {
      throw memory.wrong("limit", "nothing runs in less than " + (LEAST_MEMORY >> 20) + " MiB");
    }
    Fields cpu = in.object("cpu");
    long period = cpu.number("period", 0, 10_000_000, 100_000);
    long pids = in.object("pids").number("limit").orElse(0L);
    return new Bundle.Resources(
        Math.max(0, limit),
        Math.max(0, cpu.number("quota").orElse(0L)),
        period == 0 ? 100_000 : period,
        Math.max(0, cpu.number("shares").orElse(0L)),
        Math.clamp(pids, 0, Integer.MAX_VALUE),
        set(cpu, "cpus"),
        set(cpu, "mems"));
  }

  private static String set(Fields cpu, String field) throws OciException {
    String list = cpu.text(field).orElse("");
    if (!list.matches("[0-9,-]*")) {
      throw cpu.wrong(field, "must be a list like 0-3,7: " + list);
    }
    return list;
  }
}

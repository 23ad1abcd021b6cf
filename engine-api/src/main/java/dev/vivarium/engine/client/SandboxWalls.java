package dev.vivarium.engine.client;

import dev.vivarium.engine.state.SandboxState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The processes of a living sandbox as the host's kernel sees them, and which of the walls that
 * each must have are up; out of {@code /proc} (proc(5)), so without a word of the sandbox's own.
 */
public final class SandboxWalls {
  private static final Path PROC = Path.of("/proc");
  private static final String MEMORY = "memfd:guest-memory";

  /**
   * CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER and CAP_FSETID, in its own user
   * namespace: acting on files of any owner is what a gofer of root's is for.
   */
  private static final long FILES = 1L | 1L << 1 | 1L << 2 | 1L << 3 | 1L << 4;

  private static final List<String> NAMESPACES =
      List.of("user", "mnt", "pid", "net", "ipc", "uts", "cgroup");

  /** What a process is in a sandbox, and the walls that it must have. */
  public enum Role {
    SENTRY("kernel", List.of()),
    SHIM("shim of a virtual machine", List.of("mnt", "net", "ipc", "uts", "cgroup")),
    GOFER("opens files", List.of("user", "mnt", "pid", "net", "ipc", "uts")),
    NETGOFER("opens connections", List.of("mnt", "ipc", "uts")),
    SUPERVISOR("makes stubs", NAMESPACES),
    STUB("guest code", NAMESPACES),
    TRACER("runs guest code", NAMESPACES),
    MONITOR("virtual machine", List.of("user", "mnt", "net", "ipc", "uts"));

    private final String words;
    private final List<String> namespaces;

    Role(String words, List<String> namespaces) {
      this.words = words;
      this.namespaces = namespaces;
    }

    /** What it does, for people. */
    public String words() {
      return words;
    }

    private boolean mustHaveNothing() {
      return this == SUPERVISOR || this == STUB || this == TRACER;
    }

    private long allowedCapabilities() {
      return this == GOFER || this == SHIM ? FILES : 0;
    }
  }

  /**
   * One process.
   *
   * @param uid who it is to the host
   * @param threads how many it has
   * @param capabilities effective, as bits; of the thread that has most
   * @param namespaces those that are not this process's own
   * @param descriptors how many it has open; -1 if that cannot be seen
   * @param down the walls that it must have and has not, in words
   */
  public record ProcessWalls(
      int pid,
      Role role,
      int uid,
      int threads,
      boolean noNewPrivileges,
      boolean filtered,
      long capabilities,
      List<String> namespaces,
      int descriptors,
      List<String> down) {
    public ProcessWalls {
      namespaces = List.copyOf(namespaces);
      down = List.copyOf(down);
    }
  }

  private SandboxWalls() {}

  /**
   * Looks at all of them.
   *
   * @throws IOException if its process is not there, or cannot be looked at
   */
  public static List<ProcessWalls> of(SandboxState sandbox) throws IOException {
    int pid = Math.toIntExact(sandbox.pid());
    Role first = sandbox.engine().equals("sentry") ? Role.SENTRY : Role.SHIM;
    Map<Integer, Role> found = new TreeMap<>();
    Map<Integer, List<Integer>> children = new HashMap<>();
    Set<Integer> withMemory = new HashSet<>();
    Optional<Object> memory = memory(pid);
    try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[1-9]*")) {
      for (Path one : all) {
        int other = Integer.parseInt(one.getFileName().toString());
        Map<String, String> status = status(one.resolve("status"));
        int parent = (int) number(status, "PPid", 10);
        children.computeIfAbsent(parent, p -> new ArrayList<>()).add(other);
        if (memory.isPresent() && other != pid && memory.equals(memory(other))) {
          withMemory.add(other);
        }
      }
    }
    found.put(pid, first);
    // What makes the guests' processes has the guest's memory; the rest are children of the
    // sandbox's.
    List<Integer> more = new ArrayList<>(children.getOrDefault(pid, List.of()));
    more.addAll(withMemory);
    for (int other : withMemory) {
      more.add((int) number(status(PROC.resolve(other + "/status")), "PPid", 10));
    }
    for (int other : more) {
      Optional<Role> role = role(other);
      role.ifPresent(r -> found.put(other, r));
      if (role.isPresent() && (role.get() == Role.SUPERVISOR || role.get() == Role.TRACER)) {
        children.getOrDefault(other, List.of()).forEach(child -> found.put(child, Role.STUB));
      }
    }
    List<ProcessWalls> walls = new ArrayList<>();
    for (Map.Entry<Integer, Role> e : found.entrySet()) {
      look(e.getKey(), e.getValue()).ifPresent(walls::add);
    }
    if (walls.isEmpty()) {
      throw new IOException("its process is gone: " + sandbox.name());
    }
    return walls;
  }

  /** What identifies the memory of the guest that a process has open. */
  private static Optional<Object> memory(int pid) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC.resolve(pid + "/fd"))) {
      for (Path fd : all) {
        if (Files.readSymbolicLink(fd).toString().contains(MEMORY)) {
          return Optional.of(Files.getAttribute(fd, "unix:ino"));
        }
      }
    } catch (IOException | RuntimeException e) {
      // It has ended, or belongs to somebody else.
    }
    return Optional.empty();
  }

  private static Optional<Role> role(int pid) {
    String name;
    try {
      byte[] line = Files.readAllBytes(PROC.resolve(pid + "/cmdline"));
      name = new String(line, StandardCharsets.ISO_8859_1).split("[\\x00 ]", 2)[0];
    } catch (IOException e) {
      return Optional.empty();
    }
    String base = name.substring(name.lastIndexOf('/') + 1);
    return switch (base) {
      case "vivarium-gofer" -> Optional.of(Role.GOFER);
      case "vivarium-netgofer", "netgofer" -> Optional.of(Role.NETGOFER);
      case "vivarium-supervisor" -> Optional.of(Role.SUPERVISOR);
      case "vivarium-tracer" -> Optional.of(Role.TRACER);
      default ->
          base.startsWith("qemu-system") || base.matches("firecracker|cloud-hypervisor")
              ? Optional.of(Role.MONITOR)
              : Optional.empty();
    };
  }

  private static Optional<ProcessWalls> look(int pid, Role role) {
    Path process = PROC.resolve(Integer.toString(pid));
    boolean noNewPrivileges = true;
    boolean filtered = true;
    long capabilities = 0;
    int threads = 0;
    int uid = -1;
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(process.resolve("task"))) {
      for (Path task : tasks) {
        Map<String, String> status = status(task.resolve("status"));
        if (status.isEmpty()) {
          continue;
        }
        threads++;
        uid = (int) number(status, "Uid", 10);
        noNewPrivileges &= number(status, "NoNewPrivs", 10) == 1;
        filtered &= number(status, "Seccomp", 10) == 2;
        capabilities |= number(status, "CapEff", 16) | number(status, "CapPrm", 16);
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    if (threads == 0) {
      return Optional.empty();
    }
    List<String> namespaces = new ArrayList<>(NAMESPACES);
    boolean seen = true;
    // Each thread has its own.
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(process.resolve("task"))) {
      for (Path task : tasks) {
        for (String name : NAMESPACES) {
          try {
            Path theirs = Files.readSymbolicLink(task.resolve("ns/" + name));
            if (theirs.equals(Files.readSymbolicLink(PROC.resolve("self/ns/" + name)))) {
              namespaces.remove(name);
            }
          } catch (IOException e) {
            seen &= !Files.exists(task);
          }
        }
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    if (!seen) {
      namespaces.clear();
    }
    List<String> down = new ArrayList<>();
    if (!noNewPrivileges) {
      down.add("can gain privileges (no_new_privs is not set)");
    }
    if (!filtered) {
      down.add("no filter of system calls");
    }
    if ((capabilities & ~role.allowedCapabilities()) != 0) {
      down.add("capabilities " + Long.toHexString(capabilities));
    }
    for (String name : role.namespaces) {
      if (seen && !namespaces.contains(name)) {
        down.add("the host's " + name + " namespace");
      }
    }
    // Root needs no user namespace to make the others.
    if (role == Role.SHIM && uid != 0 && seen && !namespaces.contains("user")) {
      down.add("the host's user namespace");
    }
    if (role.mustHaveNothing() && !isEmpty(process.resolve("root"))) {
      down.add("files in its root");
    }
    return Optional.of(
        new ProcessWalls(
            pid,
            role,
            uid,
            threads,
            noNewPrivileges,
            filtered,
            capabilities,
            namespaces,
            count(process.resolve("fd")),
            down));
  }

  private static boolean isEmpty(Path root) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(root)) {
      return !all.iterator().hasNext();
    } catch (IOException e) {
      // Not even this process may look, so neither may it.
      return true;
    }
  }

  private static int count(Path directory) {
    int n = 0;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
      for (Path ignored : all) {
        n++;
      }
      return n;
    } catch (IOException e) {
      return -1;
    }
  }

  private static Map<String, String> status(Path file) {
    Map<String, String> fields = new HashMap<>();
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
        int colon = line.indexOf(':');
        if (colon > 0) {
          fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
        }
      }
    } catch (IOException e) {
      // It has ended.
    }
    return fields;
  }

  private static long number(Map<String, String> status, String name, int radix) {
    String text = status.getOrDefault(name, "0").split("\\s", 2)[0];
    return Long.parseUnsignedLong(text, radix);
  }
}

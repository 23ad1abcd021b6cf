package dev.vivarium.microvm;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a guest's processes are and which files they have open, as far as their calls tell: so that
 * a path that does not begin at the root can be shown whole. Paths are as they were given, with
 * their links. What is not known for sure is not known: where calls were lost, all of it is
 * forgotten. Bounded, whatever a guest does.
 */
final class GuestProcesses {
  static final int AT_FDCWD = -100;

  private static final int MOST_PROCESSES = 4096;
  private static final int MOST_FILES = 16384;
  private static final int MAX_PATH = 1024;

  private static final int F_DUPFD = 0;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private static final class Process {
    /** Made by our agent, and not yet the program that it was made for. */
    boolean prepares;

    byte @Nullable [] directory;
    final Map<Integer, byte[]> files = new HashMap<>();
  }

  private final LinkedHashMap<Integer, Process> processes = new LinkedHashMap<>();

  /** How many files all of them have. */
  private int files;

  /** A new process; its maker is 0 if that is the agent. */
  void started(int maker, int pid) {
    Process fresh = new Process();
    Process from = processes.get(maker);
    if (maker == 0) {
      fresh.prepares = true;
      fresh.directory = new byte[] {'/'};
    } else if (from != null) {
      fresh.prepares = from.prepares;
      fresh.directory = from.directory;
      if (files + from.files.size() <= MOST_FILES) {
        fresh.files.putAll(from.files);
        files += from.files.size();
      }
    }
    ended(pid);
    if (processes.size() >= MOST_PROCESSES) {
      Iterator<Process> eldest = processes.values().iterator();
      files -= eldest.next().files.size();
      eldest.remove();
    }
    processes.put(pid, fresh);
  }

  /** It runs what it was made for. */
  void program(int pid) {
    Process p = processes.get(pid);
    if (p != null) {
      p.prepares = false;
    }
  }

  void ended(int pid) {
    Process p = processes.remove(pid);
    if (p != null) {
      files -= p.files.size();
    }
  }

  /** Calls were lost. */
  void forget() {
    for (Process p : processes.values()) {
      p.directory = null;
      p.files.clear();
    }
    files = 0;
  }

  /** Whether its calls are still our agent's, which makes it ready. */
  boolean prepares(int pid) {
    Process p = processes.get(pid);
    return p != null && p.prepares;
  }

  /** Where the file of a descriptor is, or with {@link #AT_FDCWD} the process; null if unknown. */
  byte @Nullable [] at(int pid, int fd) {
    Process p = processes.get(pid);
    return p == null ? null : fd == AT_FDCWD ? p.directory : p.files.get(fd);
  }

  /** A path from there on, without {@code .} and {@code ..}; null if that is not known. */
  static byte @Nullable [] resolve(byte @Nullable [] base, byte[] path) {
    boolean absolute = path.length > 0 && path[0] == '/';
    if (!absolute && (base == null || base.length == 0 || base[0] != '/')) {
      return null;
    }
    // One char for a byte: names are bytes.
    String text = new String(path, StandardCharsets.ISO_8859_1);
    String whole =
        absolute || base == null
            ? text
            : new String(base, StandardCharsets.ISO_8859_1) + "/" + text;
    StringBuilder out = new StringBuilder();
    for (String name : whole.split("/", -1)) {
      if (name.equals("..")) {
        out.setLength(Math.max(0, out.lastIndexOf("/")));
      } else if (!name.isEmpty() && !name.equals(".")) {
        out.append('/').append(name);
      }
    }
    if (out.isEmpty()) {
      out.append('/');
    }
    return out.length() > MAX_PATH ? null : out.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * A call has succeeded.
   *
   * @param path that it was about, resolved; null if there is none, or it is unknown
   */
  void after(int pid, int number, long[] arguments, long result, byte @Nullable [] path) {
    Process p = processes.get(pid);
    if (p == null) {
      return;
    }
    int fd = (int) arguments[0];
    switch (number) {
      case Calls.OPEN, Calls.CREAT, Calls.OPENAT, Calls.OPENAT2 -> set(p, (int) result, path);
      case Calls.CLOSE -> set(p, fd, null);
      case Calls.CLOSE_RANGE -> {
        files -= p.files.size();
        p.files
            .keySet()
            .removeIf(open ->
                Integer.compareUnsigned(open, fd) >= 0
                    && Integer.compareUnsigned(open, (int) arguments[1]) <= 0);
        files += p.files.size();
      }
      case Calls.DUP, Calls.DUP2, Calls.DUP3 -> set(p, (int) result, p.files.get(fd));
      case Calls.FCNTL -> {
        if (arguments[1] == F_DUPFD || arguments[1] == F_DUPFD_CLOEXEC) {
          set(p, (int) result, p.files.get(fd));
        }
      }
      case Calls.SOCKET, Calls.ACCEPT, Calls.ACCEPT4, Calls.MEMFD_CREATE, Calls.EPOLL_CREATE1 ->
          set(p, (int) result, null);
      case Calls.CHDIR -> p.directory = path;
      case Calls.FCHDIR -> p.directory = p.files.get(fd);
      case Calls.CHROOT, Calls.PIVOT_ROOT -> p.directory = null;
      // Into another mount namespace, which begins at its root: our agent's child does so.
      case Calls.SETNS -> p.directory = p.prepares ? new byte[] {'/'} : null;
      default -> {
        // Nothing of files.
      }
    }
  }

  private void set(Process p, int fd, byte @Nullable [] path) {
    byte[] before;
    if (path == null || files >= MOST_FILES) {
      before = p.files.remove(fd);
      files -= before == null ? 0 : 1;
    } else {
      before = p.files.put(fd, path);
      files += before == null ? 1 : 0;
    }
  }

  /** How many of both it knows. */
  int size() {
    return processes.size() + files;
  }
}

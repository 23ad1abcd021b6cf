package dev.vivarium.engine.watch.report;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallFormatter;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.calls.SocketAddress;
import dev.vivarium.engine.watch.export.EventOutput;
import dev.vivarium.engine.watch.export.EventText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Adds up the events of a run. Every table is bounded: what a guest does more of is counted and not
 * kept. Used by the recorder's thread, and when that has ended by who writes the report.
 */
public final class ReportCollector implements EventOutput {
  private static final int MOST_PROCESSES = 5000;
  private static final int MOST_FILES = 20_000;
  private static final int MOST_ENDPOINTS = 2000;
  private static final int O_ACCMODE = 3;

  /** What a program with many names runs, such as busybox: that it ran was told before. */
  private static final String ITSELF = "/proc/self/exe";

  private static final int SETUID_BITS = 06000;

  /** A process. */
  static final class Process {
    final int pid;
    final int parent;
    final long startNanos;
    final List<String> commands = new ArrayList<>();
    long endNanos = -1;
    int threads = 1;
    String end = "";
    long userNanos;
    long systemNanos;

    Process(int pid, int parent, long startNanos) {
      this.pid = pid;
      this.parent = parent;
      this.startNanos = startNanos;
    }
  }

  /** What was done with a file. */
  static final class FileUse {
    long reads;
    long writes;
    long refused;
    long bytesRead;
    long bytesWritten;
    boolean created;
    boolean deleted;
    boolean renamed;
    boolean attributes;
    int firstPid;
  }

  /** A place in the network. */
  record Endpoint(String action, String protocol, String address, int port, String name) {}

  /** What was done there. */
  static final class EndpointUse {
    long times;
    long failures;
    long sent;
    long received;
    boolean refused;
    String outcome = "";
    String rule = "";
    int firstPid;
    long firstNanos;
  }

  final Map<Integer, Process> processes = new LinkedHashMap<>();
  final Map<String, FileUse> files = new LinkedHashMap<>();
  final Map<Endpoint, EndpointUse> endpoints = new LinkedHashMap<>();
  final Map<Integer, long[]> calls = new HashMap<>();
  final Map<String, Evidence> evidence = new LinkedHashMap<>();
  final Map<String, Long> unsupported = new LinkedHashMap<>();
  final Map<String, Long> signals = new LinkedHashMap<>();
  final Timeline timeline = new Timeline();
  long events;
  long lost;
  long overflow;

  private final CallTable table = CallTable.get();
  private final CallFormatter formatter = new CallFormatter();

  @Override
  public void accept(Event e) {
    events++;
    timeline.add(e);
    switch (e.kind()) {
      case START -> started(e);
      case EXEC -> execed(e);
      case EXIT -> ended(e);
      case SYSCALL -> call(e);
      case FILE -> file(e);
      case NETWORK -> network(e);
      case SIGNAL -> signals.merge(table.signal(e.number()), 1L, Long::sum);
      case UNSUPPORTED -> unsupported.merge(table.name(e.number()), 1L, Long::sum);
      case LIMIT -> evidence("limit").add(e, e.text(0).map(Escape::c).orElse("a limit"), true);
      case WAIT, PACKET -> {
        // not for reports
      }
      case POLICY -> {
        // What was asked of a person is told as the network attempt that it was.
        if (e.result() == 0 && !e.text(1).orElse("").startsWith("net ask")) {
          evidence("policy").add(e, EventText.describe(e), false);
        }
      }
    }
  }

  Evidence evidence(String of) {
    return evidence.computeIfAbsent(of, k -> new Evidence());
  }

  // ---- processes ----

  private void started(Event e) {
    int pid = (int) e.result();
    if (e.number() != pid) {
      Process p = processes.get(pid);
      if (p != null) {
        p.threads++;
      }
      return;
    }
    if (processes.size() >= MOST_PROCESSES) {
      overflow++;
      return;
    }
    Process p = new Process(pid, e.pid(), e.timeNanos());
    Process parent = processes.get(e.pid());
    if (parent != null && !parent.commands.isEmpty()) {
      p.commands.add(parent.commands.getLast());
    }
    processes.put(pid, p);
  }

  private void execed(Event e) {
    Process p = processes.get(e.pid());
    String command = String.join(" ", EventText.arguments(e));
    if (p != null) {
      if (p.commands.size() == 1 && p.parent != 0) {
        p.commands.clear(); // what it had from its parent
      }
      if (p.commands.size() < 20) {
        p.commands.add(command.isEmpty() ? e.path(0).map(Escape::quoted).orElse("?") : command);
      }
    }
    e.path(0)
        .ifPresent(path -> {
          use(path, e).reads++;
          if (path.matches("(/tmp|/var/tmp|/dev/shm)/.*")
              || path.contains("/memfd:")
              || path.startsWith("/proc/") && !path.equals(ITSELF)) {
            evidence("exec-tmp").add(e, Escape.quoted(path) + " " + command, true);
          }
          if (path.matches(".*/(crontab|at|batch|systemctl|update-rc\\.d|chkconfig)")) {
            evidence("persistence").add(e, "ran " + command, true);
          }
          if (path.matches(
              ".*/(sudo|su|pkexec|doas|newuidmap|newgidmap|mount|insmod|modprobe|nsenter|unshare)")) {
            evidence("privilege").add(e, "ran " + command, true);
          }
        });
  }

  private void ended(Event e) {
    Process p = processes.get(e.pid());
    if (p != null) {
      p.endNanos = e.timeNanos();
      p.end = EventText.exit((int) e.result());
      p.userNanos = e.arguments()[0];
      p.systemNanos = e.arguments()[1];
    }
    int signal = (int) e.result() & 0x7f;
    if (signal == 11 || signal == 7 || signal == 4 || signal == 8 || signal == 6 || signal == 31) {
      evidence("crash").add(e, "process " + e.pid() + " " + EventText.exit((int) e.result()), true);
    }
  }

  // ---- system calls ----

  private void call(Event e) {
    long[] n = calls.computeIfAbsent(e.number(), k -> new long[2]);
    n[0]++;
    if (e.failed()) {
      n[1]++;
    }
    String name = table.name(e.number());
    boolean success = !e.failed();
    if (Rules.PRIVILEGE.contains(name)) {
      evidence("privilege").add(e, formatter.line(e), success);
    } else if (Rules.IDENTITY.contains(name)) {
      evidence("identity").add(e, formatter.line(e), success);
    } else if (Rules.UNUSUAL.contains(name)) {
      evidence("unusual").add(e, formatter.line(e), success);
    }
    switch (name) {
      case "clone", "clone3" -> {
        String flags = formatter.arguments(e).getFirst();
        if (flags.contains("CLONE_NEW")) {
          evidence("privilege").add(e, formatter.line(e), success);
        }
      }
      case "chmod", "fchmod", "fchmodat", "fchmodat2", "mkdir", "mknod" -> {
        int at = name.endsWith("at") || name.endsWith("at2") ? 2 : 1;
        if ((e.arguments()[at] & SETUID_BITS) != 0 && !name.equals("mkdir")) {
          evidence("setuid-file").add(e, formatter.line(e), success);
        }
      }
      case "setxattr", "lsetxattr", "fsetxattr" -> {
        if (e.text(1).orElse("").equals("security.capability")) {
          evidence("setuid-file").add(e, formatter.line(e), success);
        }
      }
      case "mmap", "mprotect" -> {
        if ((e.arguments()[2] & 6) == 6 && success) {
          evidence("writable-code").add(e, formatter.line(e), true);
        }
      }
      case "connect", "bind", "sendto" -> socket(e, name);
      case "kill", "tkill", "tgkill" -> {
        if (success && e.arguments()[0] != 0 && (int) e.arguments()[0] != e.pid()) {
          evidence("kill").add(e, formatter.line(e), true);
        }
      }
      default -> {
        // counted
      }
    }
    if (e.failed()) {
      refused(e, name);
    }
  }

  /** What was tried with files and not allowed, or would have been remarkable. */
  private void refused(Event e, String name) {
    long errno = -e.result();
    boolean denied = errno == 1 || errno == 13 || errno == 30;
    for (String path : EventText.paths(e)) {
      boolean writes = writes(e, name);
      if (Rules.isKernel(path)
          || Rules.isSecret(path) && !name.contains("stat")
          || writes && Rules.isPersistence(path)) {
        judge(
            e,
            path,
            writes,
            name.equals("access") || name.contains("stat") || name.startsWith("readlink"),
            false);
      }
      if (denied) {
        FileUse use = use(path, e);
        use.refused++;
        evidence("denied").add(e, formatter.line(e), false);
      }
    }
  }

  private boolean writes(Event e, String name) {
    return switch (name) {
      case "open" -> (e.arguments()[1] & O_ACCMODE) != 0;
      case "openat" -> (e.arguments()[2] & O_ACCMODE) != 0;
      default ->
          name.matches(
              "creat|unlink(at)?|rename(at2?)?|link(at)?|symlink(at)?|mkdir(at)?|mknod(at)?|truncate"
                  + "|f?chmod(at2?)?|l?f?chown(at)?");
    };
  }

  private void judge(Event e, String path, boolean writes, boolean looks, boolean success) {
    String what = (writes ? "write " : looks ? "look at " : "read ") + Escape.quoted(path);
    if (writes && Rules.isPersistence(path)) {
      evidence("persistence").add(e, what, success);
    } else if (writes && Rules.isAccounts(path)) {
      evidence("accounts").add(e, what, success);
    } else if (Rules.isKernel(path)) {
      evidence("kernel-files").add(e, what, success);
    } else if (Rules.isSecret(path) && !looks) {
      evidence("secrets").add(e, what, success);
    }
  }

  // ---- files ----

  private FileUse use(String path, Event e) {
    String shown = Escape.c(path);
    FileUse use = files.get(shown);
    if (use == null) {
      use = new FileUse();
      use.firstPid = e.pid();
      if (files.size() < MOST_FILES) {
        files.put(shown, use);
      } else {
        overflow++;
      }
    }
    return use;
  }

  private void file(Event e) {
    List<String> paths = EventText.paths(e);
    String action = EventText.fileAction(e);
    for (int i = 0; i < paths.size(); i++) {
      String path = paths.get(i);
      if (!path.startsWith("/")) {
        continue; // a pipe, a socket, a file without a name
      }
      boolean made = i == paths.size() - 1;
      if (action.equals("symlink") && !made) {
        continue; // only what the new one says; nothing was done with that
      }
      FileUse use = use(path, e);
      if (action.equals("close")) {
        use.bytesRead += e.arguments()[0];
        use.bytesWritten += e.arguments()[1];
        continue;
      }
      boolean writes = made || !action.equals("link");
      switch (action) {
        case "read" -> {
          use.reads++;
          writes = false;
        }
        case "write", "truncate" -> use.writes++;
        case "create", "mkdir", "mknod", "symlink", "link" -> {
          use.reads += writes ? 0 : 1;
          use.writes += writes ? 1 : 0;
          use.created |= writes;
        }
        case "delete", "rmdir" -> use.deleted = true;
        case "rename" -> {
          use.renamed = true;
          if (i == 0) {
            use.deleted = true;
          } else {
            use.created = true;
          }
        }
        default -> use.attributes = true;
      }
      judge(e, path, writes, false, true);
    }
  }

  // ---- network ----

  private EndpointUse endpoint(Endpoint at, Event e) {
    EndpointUse use = endpoints.get(at);
    if (use == null) {
      use = new EndpointUse();
      use.firstPid = e.pid();
      use.firstNanos = e.timeNanos();
      if (endpoints.size() < MOST_ENDPOINTS) {
        endpoints.put(at, use);
      } else {
        overflow++;
      }
    }
    return use;
  }

  /**
   * The places, each once: what a call says of one goes into what the network itself tells of it,
   * which knows the rule and the bytes.
   */
  Map<Endpoint, EndpointUse> places() {
    Set<String> told = new HashSet<>();
    endpoints.forEach((at, use) -> {
      if (!at.protocol().equals("ip")) {
        told.add(at.action() + " " + at.address() + " " + at.port());
      }
    });
    Map<Endpoint, EndpointUse> places = new LinkedHashMap<>();
    endpoints.forEach((at, use) -> {
      String as =
          switch (at.action()) {
            case "sendto" -> "send";
            case "bind" -> "listen";
            default -> at.action();
          };
      String where = " " + at.address() + " " + at.port();
      boolean twice =
          told.contains(as + where) || as.equals("connect") && told.contains("send" + where);
      if (!at.protocol().equals("ip") || !twice) {
        places.put(at, use);
      }
    });
    return places;
  }

  /** What a call on a socket says of where it goes. */
  private void socket(Event e, String name) {
    int argument = name.equals("sendto") ? 4 : 1;
    Optional<Event.Item> address = e.item(argument, Payload.BYTES);
    if (address.isEmpty()) {
      return;
    }
    byte[] bytes = address.get().bytes();
    Optional<SocketAddress.Inet> inet = SocketAddress.inet(bytes);
    Optional<String> unix = SocketAddress.unix(bytes);
    String outcome =
        e.failed() ? table.errnoName((int) -e.result()) : name.equals("bind") ? "bound" : "ok";
    boolean failed = e.failed() && -e.result() != 115;
    Endpoint at;
    if (inet.isPresent()) {
      at = new Endpoint(name, "ip", inet.get().address(), inet.get().port(), "");
    } else if (unix.isPresent()) {
      at = new Endpoint(name, "unix", Escape.c(unix.get()), 0, "");
      if (Rules.isKernel(unix.get())) {
        judge(e, unix.get(), true, false, !failed);
      }
    } else {
      return;
    }
    EndpointUse use = endpoint(at, e);
    use.times++;
    use.outcome = outcome;
    if (failed) {
      use.failures++;
    }
  }

  private void network(Event e) {
    Endpoint at =
        new Endpoint(
            EventText.networkAction(e),
            e.text(0).map(Escape::c).orElse(""),
            e.text(1).map(Escape::c).orElse(""),
            (int) e.arguments()[0] & 0xffff,
            e.text(2).map(Escape::c).orElse(""));
    EndpointUse use = endpoint(at, e);
    use.times++;
    use.sent += e.arguments()[1];
    use.received += e.arguments()[2];
    use.rule = e.text(3).map(Escape::c).orElse("");
    boolean refused = e.result() == 0;
    use.refused |= refused;
    use.outcome = refused ? "refused" : "allowed";
    if (refused) {
      use.failures++;
      evidence("network-refused").add(e, EventText.describe(e), false);
    }
  }

  @Override
  public void dropped(long count) {
    lost += count;
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}

  /** The name of a call, or null. */
  @Nullable String name(int number) {
    return table.name(number);
  }
}

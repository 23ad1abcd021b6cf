package dev.vivarium.cli.watch;

import dev.vivarium.cli.CliException;
import dev.vivarium.cli.Command;
import dev.vivarium.cli.run.Values;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.EventReader;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.calls.Kind;
import dev.vivarium.engine.watch.export.EventText;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** Which events are shown. */
final class EventFilter {
  private @Nullable BitSet calls;
  private @Nullable Set<Integer> pids;
  private @Nullable String path;
  private boolean failed;
  private long slowerNanos;
  private final Set<EventKind> kinds;

  private EventFilter(Set<EventKind> kinds) {
    this.kinds = kinds;
  }

  /** Declares the flags of {@link #ofCalls}. */
  static void declare(CommandSpec spec) {
    Command.option(
        spec,
        "NAME,...",
        "Only these calls; %%file, %%network, %%process, %%memory, %%desc for groups of them.",
        "--syscall",
        "-e");
    Command.option(spec, "PATH", "Only what is about this file, or anything beneath it.", "--path");
    Command.option(spec, "PID,...", "Only these processes (their numbers inside).", "--pid");
    Command.option(spec, "TIME", "Only calls that take at least so long, such as 1ms.", "--slower");
  }

  /** Reads the flags. */
  static EventFilter ofCalls(ParseResult arguments, Set<EventKind> kinds) throws CliException {
    EventFilter filter = new EventFilter(kinds);
    String names = arguments.matchedOptionValue("--syscall", (String) null);
    if (names != null) {
      filter.calls = calls(names);
    }
    filter.path = arguments.matchedOptionValue("--path", (String) null);
    if (filter.path != null && filter.path.length() > 1 && filter.path.endsWith("/")) {
      filter.path = filter.path.substring(0, filter.path.length() - 1);
    }
    String pids = arguments.matchedOptionValue("--pid", (String) null);
    if (pids != null) {
      filter.pids = new HashSet<>();
      for (String pid : pids.split(",")) {
        if (!pid.matches("[0-9]{1,9}")) {
          throw new CliException(CliException.USAGE, "--pid: not a process number: " + pid);
        }
        filter.pids.add(Integer.parseInt(pid));
      }
    }
    String slower = arguments.matchedOptionValue("--slower", (String) null);
    if (slower != null) {
      filter.slowerNanos = nanos(slower);
    }
    filter.failed =
        arguments.commandSpec().findOption("--failed") != null
            && arguments.hasMatchedOption("--failed");
    return filter;
  }

  private static long nanos(String text) throws CliException {
    if (text.matches("[0-9]{1,9}(us|µs)")) {
      return Long.parseLong(text.replaceAll("[^0-9]", "")) * 1000;
    }
    if (text.matches("[0-9]{1,12}ns")) {
      return Long.parseLong(text.replaceAll("[^0-9]", ""));
    }
    return Values.duration("--slower", text).toNanos();
  }

  private static BitSet calls(String names) throws CliException {
    CallTable table = CallTable.get();
    BitSet wanted = new BitSet();
    for (String name : names.split(",")) {
      if (name.startsWith("%")) {
        boolean any = false;
        for (CallTable.Call call : table.all()) {
          if (isIn(call, name)) {
            wanted.set(call.number());
            any = true;
          }
        }
        if (!any) {
          throw new CliException(
              CliException.USAGE,
              "--syscall: no such group: "
                  + name
                  + "; there are %file, %network, %process, %memory and %desc");
        }
      } else {
        wanted.set(
            table
                .call(name)
                .orElseThrow(() ->
                    new CliException(CliException.USAGE, "--syscall: no such system call: " + name))
                .number());
      }
    }
    return wanted;
  }

  private static boolean isIn(CallTable.Call call, String group) {
    return switch (group) {
      case "%file" -> call.arguments().stream().anyMatch(k -> k.type() == Kind.Type.PATH);
      case "%desc" ->
          call.arguments().stream()
              .anyMatch(k -> k.type() == Kind.Type.FD || k.type() == Kind.Type.DIRECTORY_FD);
      case "%network" ->
          call.name()
              .matches(
                  "socket|socketpair|bind|connect|listen|accept4?|getsockname|getpeername|sendto"
                      + "|recvfrom|setsockopt|getsockopt|shutdown|sendm?msg|recvm?msg");
      case "%process" ->
          call.name()
              .matches("fork|vfork|clone3?|execve(at)?|exit(_group)?|wait4|waitid|kill|tg?kill");
      case "%memory" ->
          call.name()
              .matches("brk|mmap|munmap|mremap|mprotect|madvise|mlock.*|munlock.*|msync|mincore");
      default -> false;
    };
  }

  /** Tells a reader what it need not give. */
  void tell(EventReader reader) {
    if (calls != null) {
      reader.only(calls);
    }
  }

  boolean wants(Event e) {
    if (!kinds.contains(e.kind())
        || calls != null && (!isCall(e) || !calls.get(Math.max(0, e.number())))
        || pids != null && !pids.contains(e.pid()) && !pids.contains(e.tid())
        || failed && !e.failed()
        || slowerNanos > 0 && e.durationNanos() < slowerNanos) {
      return false;
    }
    String wanted = path;
    if (wanted == null) {
      return true;
    }
    String beneath = wanted.equals("/") ? "/" : wanted + "/";
    for (String found : EventText.paths(e)) {
      if (found.equals(wanted) || found.startsWith(beneath)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isCall(Event e) {
    return e.kind() == EventKind.SYSCALL || e.kind() == EventKind.WAIT;
  }

  /** Those of the kinds that not every reader gets. */
  Set<EventKind> more() {
    Set<EventKind> more = EnumSet.copyOf(kinds);
    more.removeIf(EventKind::isForAll);
    return more;
  }

  /** Whether a call is to be in a summary. */
  boolean wantsCall(int number) {
    return calls == null || calls.get(number);
  }

  /** The kinds of these names. */
  static Set<EventKind> kinds(String names) throws CliException {
    Set<EventKind> kinds = EnumSet.noneOf(EventKind.class);
    for (String name : names.split(",")) {
      if (name.equals("process")) {
        kinds.addAll(EnumSet.of(EventKind.START, EventKind.EXEC, EventKind.EXIT));
        continue;
      }
      EventKind found = null;
      for (EventKind kind : EventKind.values()) {
        if (kind.isForAll() && kind.word().equals(name)) {
          found = kind;
        }
      }
      if (found == null) {
        throw new CliException(
            CliException.USAGE,
            "--kind: unknown: "
                + name
                + "; there are process, start, exec, exit, file, network, signal, limit,"
                + " unsupported, policy and syscall");
      }
      kinds.add(found);
    }
    return kinds;
  }
}

package dev.vivarium.gui.watch;

import dev.vivarium.engine.watch.Escape;
import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.export.EventText;
import dev.vivarium.gui.frame.Exports;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Processes, as events tell of them. Events come on one thread, questions on another. */
public final class ProcessModel implements Consumer<Event> {
  private static final int MOST = 5000;
  private static final int MOST_ARGUMENTS = 24;

  /**
   * One process.
   *
   * @param parent 0 if it is not known
   * @param startNanos since the sandbox's start; below 0 if it was there before anybody looked
   * @param end how it ended; empty while it lives
   */
  public record Process(
      int pid, int parent, String command, long startNanos, long endNanos, String end) {}

  private final Map<Integer, Process> byPid = new LinkedHashMap<>();
  private final List<Process> ended = new ArrayList<>();
  private long version;

  @Override
  public synchronized void accept(Event e) {
    switch (e.kind()) {
      case START -> {
        if (e.number() == e.result()) {
          started(e);
        }
      }
      case EXEC -> {
        Process p = known(e.pid());
        byPid.put(
            e.pid(), new Process(p.pid, p.parent, command(e), p.startNanos, p.endNanos, p.end));
        version++;
      }
      case EXIT -> {
        Process p = byPid.remove(e.pid());
        if (p != null) {
          add(
              new Process(
                  p.pid,
                  p.parent,
                  p.command,
                  p.startNanos,
                  e.timeNanos(),
                  EventText.exit((int) e.result())));
        }
      }
      default -> {
        // says nothing of processes
      }
    }
  }

  /** A process makes calls, whether its start was seen or not. */
  public synchronized void calls(int pid) {
    if (pid > 0) {
      known(pid);
    }
  }

  private void started(Event e) {
    Process old = byPid.remove(e.number());
    if (old != null) {
      add(old);
    }
    Process parent = byPid.get(e.pid());
    if (byPid.size() < MOST) {
      byPid.put(
          e.number(),
          new Process(
              e.number(), e.pid(), parent == null ? "" : parent.command, e.timeNanos(), -1, ""));
    }
    version++;
  }

  private void add(Process p) {
    ended.add(p);
    if (ended.size() > MOST) {
      ended.subList(0, MOST / 10).clear();
    }
    version++;
  }

  private Process known(int pid) {
    Process p = byPid.get(pid);
    if (p == null) {
      p = new Process(pid, 0, "", -1, -1, "");
      if (byPid.size() < MOST) {
        byPid.put(pid, p);
        version++;
      }
    }
    return p;
  }

  private static String command(Event e) {
    StringBuilder out = new StringBuilder();
    e.items(1, dev.vivarium.engine.watch.Payload.ELEMENT).stream()
        .limit(MOST_ARGUMENTS)
        .forEach(item -> out.append(out.isEmpty() ? "" : " ").append(Escape.c(item.text())));
    return out.isEmpty() ? e.path(0).map(Escape::c).orElse("") : out.toString();
  }

  /** Processes as lines of a table; times in nanoseconds, empty if they are not known. */
  static String csv(List<Process> all) {
    StringBuilder out = new StringBuilder("process,parent,started,ended,end,command\n");
    for (Process p : all) {
      out.append(p.pid).append(',').append(p.parent == 0 ? "" : p.parent).append(',');
      out.append(p.startNanos < 0 ? "" : p.startNanos).append(',');
      out.append(p.endNanos < 0 ? "" : p.endNanos).append(',');
      out.append(Exports.cell(p.end)).append(',').append(Exports.cell(p.command)).append('\n');
    }
    return out.toString();
  }

  /** Grows with each change. */
  public synchronized long version() {
    return version;
  }

  /** Those that live first, then those that ended, each in the order in which they began. */
  public synchronized List<Process> all() {
    List<Process> all = new ArrayList<>(byPid.values());
    all.addAll(ended);
    return all;
  }
}

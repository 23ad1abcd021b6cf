package dev.vivarium.microvm;

import dev.vivarium.engine.watch.Event;
import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.FileAction;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.engine.watch.calls.CallTable;
import dev.vivarium.engine.watch.calls.Kind;
import dev.vivarium.microvm.agent.GuestCalls;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes what a guest's kernel says of its system calls into the ring. Its clock stands while the
 * machine does, so what is between it and ours is looked at with every message: the least that was
 * seen is believed, since messages only come late, until it is wrong by more than that explains.
 * Whatever the guest says, a call is one of the time since somebody looks.
 */
final class GuestCallWriter implements GuestCalls {
  private static final long TOO_LATE_NANOS = 250_000_000;
  private static final int MAX_ERRNO = 4095;

  private final CallTable table = CallTable.get();
  private final GuestProcesses processes = new GuestProcesses();
  private final Payload payload = new Payload();
  private final EventWriter events;
  private final LongSupplier clock;
  private final long since;
  private long now;
  private long behindNanos = Long.MAX_VALUE;

  GuestCallWriter(EventWriter events) {
    this(events, System::nanoTime);
  }

  GuestCallWriter(EventWriter events, LongSupplier clock) {
    this.events = events;
    this.clock = clock;
    since = clock.getAsLong();
    now = since;
  }

  @Override
  public void some(long nowNanos, int lost) {
    now = clock.getAsLong();
    long behind = now - nowNanos;
    if (behindNanos == Long.MAX_VALUE
        || behind < behindNanos
        || behind - behindNanos > TOO_LATE_NANOS) {
      behindNanos = behind;
    }
    if (lost > 0) {
      events.lost(lost);
      processes.forget();
    }
  }

  private long at(long guestNanos) {
    return Math.clamp(guestNanos + behindNanos, since, now);
  }

  @Override
  public void call(
      long beginNanos,
      long durationNanos,
      int pid,
      int tid,
      int number,
      long[] arguments,
      boolean returned,
      long result,
      List<Event.Item> items) {
    CallTable.Call row = table.row(number);
    List<Kind> kinds = row == null ? List.of() : row.arguments(arguments);
    byte @Nullable [] path = null;
    payload.clear();
    for (Event.Item item : items) {
      payload.add(item.tag(), item.type(), item.bytes(), 0, item.bytes().length);
      if (item.type() == Payload.TEXT && kind(kinds, item.tag()) == Kind.Type.PATH) {
        byte[] base = base(pid, kinds, item.tag(), arguments);
        path = path == null ? GuestProcesses.resolve(base, item.bytes()) : path;
        if (base != null && (item.bytes().length == 0 || item.bytes()[0] != '/')) {
          payload.add(item.tag(), Payload.DIRECTORY, base, 0, base.length);
        }
      }
    }
    byte @Nullable [] file =
        kind(kinds, 0) == Kind.Type.FD ? processes.at(pid, (int) arguments[0]) : null;
    if (file != null) {
      payload.add(0, Payload.FILE_PATH, file, 0, file.length);
    }
    boolean succeeded = returned && (result >= 0 || result < -MAX_ERRNO);
    // Until it runs what it was made for, a process is our agent's.
    if (!processes.prepares(pid)) {
      tell(beginNanos, durationNanos, pid, tid, number, arguments, returned, result);
      if (succeeded) {
        tellFile(at(beginNanos) + durationNanos, pid, tid, number, arguments, path);
      }
    }
    if (succeeded) {
      processes.after(pid, number, arguments, result, path);
    }
  }

  private void tell(
      long beginNanos,
      long durationNanos,
      int pid,
      int tid,
      int number,
      long[] arguments,
      boolean returned,
      long result) {
    long begin = at(beginNanos);
    long duration = Math.clamp(durationNanos, 0, now - begin);
    events.call(
        begin,
        pid,
        tid,
        number,
        arguments[0],
        arguments[1],
        arguments[2],
        arguments[3],
        arguments[4],
        arguments[5],
        returned,
        result,
        duration,
        0,
        0,
        payload);
    if (returned && result == -Calls.EAGAIN && makesProcesses(number)) {
      payload.clear();
      payload.add(0, "no more processes: its limit (pids) is reached");
      event(EventKind.LIMIT, begin + duration, pid, pid, 0, 0, 0);
    }
  }

  /** Its payload is that of the call, unless it is about one path, which is known whole. */
  private void tellFile(
      long at, int pid, int tid, int number, long[] arguments, byte @Nullable [] path) {
    FileAction action = GuestFileEvents.action(number, arguments);
    if (action == null) {
      return;
    }
    if (path != null && !GuestFileEvents.hasTwoPaths(action)) {
      payload.clear();
      payload.add(0, Payload.TEXT, path, 0, path.length);
    }
    long detail = GuestFileEvents.detail(number, arguments);
    event(EventKind.FILE, Math.clamp(at, since, now), pid, tid, action.ordinal(), detail, 0);
  }

  private void event(
      EventKind kind, long at, int pid, int tid, int number, long argument, long result) {
    events.event(kind, at, pid, tid, number, argument, 0, 0, result, 0, payload);
  }

  private static boolean makesProcesses(int number) {
    return switch (number) {
      case Calls.CLONE, Calls.FORK, Calls.VFORK, Calls.CLONE3 -> true;
      default -> false;
    };
  }

  private static Kind.@Nullable Type kind(List<Kind> kinds, int argument) {
    return argument < kinds.size() ? kinds.get(argument).type() : null;
  }

  /** Where a relative path of an argument begins; null if that is not known. */
  private byte @Nullable [] base(int pid, List<Kind> kinds, int argument, long[] arguments) {
    boolean beside = argument > 0 && kind(kinds, argument - 1) == Kind.Type.DIRECTORY_FD;
    return processes.at(pid, beside ? (int) arguments[argument - 1] : GuestProcesses.AT_FDCWD);
  }

  @Override
  public void started(long atNanos, int makerPid, int makerTid, int pid, int tid) {
    if (pid == tid) {
      processes.started(makerPid, pid);
    }
    payload.clear();
    event(EventKind.START, at(atNanos), makerPid, makerTid, tid, 0, pid);
  }

  @Override
  public void program(long atNanos, int pid, int tid, int user, List<Event.Item> items) {
    processes.program(pid);
    byte @Nullable [] directory = processes.at(pid, GuestProcesses.AT_FDCWD);
    payload.clear();
    for (Event.Item item : items) {
      payload.add(item.tag(), item.type(), item.bytes(), 0, item.bytes().length);
      boolean relative = item.tag() == 0 && item.bytes().length > 0 && item.bytes()[0] != '/';
      if (relative && directory != null) {
        payload.add(0, Payload.DIRECTORY, directory, 0, directory.length);
      }
    }
    long id = Integer.toUnsignedLong(user);
    events.event(EventKind.EXEC, at(atNanos), pid, tid, 0, id, id, 0, 0, 0, payload);
  }

  @Override
  public void ended(long atNanos, int pid, int waitStatus) {
    processes.ended(pid);
    payload.clear();
    event(EventKind.EXIT, at(atNanos), pid, pid, 0, 0, waitStatus & 0xffff);
  }
}

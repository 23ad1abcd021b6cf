package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.EventKind;
import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.NetworkEvent;
import dev.vivarium.engine.watch.NetworkEvent.Action;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Sys;
import dev.vivarium.sentry.kernel.Kernel;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.Watcher;
import dev.vivarium.sentry.net.InetSocket;
import dev.vivarium.sentry.syscalls.SyscallTable;
import dev.vivarium.sentry.vfs.File;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks on: counts and times calls if that is wanted, and writes events if somebody reads. */
final class CallWatcher implements Watcher {
  static final int CALLS = Sys.COUNT;

  private static final int MAX_ARGUMENTS = 64;

  private final SyscallTable table;
  private final CallCapture capture = new CallCapture();
  private final FileRows files = new FileRows();
  private final FileEvents fileEvents = new FileEvents(files);
  private final Payload payload = new Payload();
  private @Nullable CallCounts counts;
  private long countedSince;
  private @Nullable EventWriter writer;
  private boolean waits;

  /** Whose last call was answered and is not told of yet: the guest goes on before. */
  private @Nullable Task unsettled;

  /** What it is to be written to; null if it is only counted. */
  private @Nullable EventWriter unsettledWriter;

  CallWatcher(SyscallTable table) {
    this.table = table;
  }

  /** What is wanted from now on; counts once begun go on. */
  void set(@Nullable EventWriter events, boolean counting, boolean tellWaits) {
    settle();
    writer = events;
    waits = tellWaits;
    if (counting && counts == null) {
      counts = new CallCounts();
      countedSince = System.nanoTime();
    }
  }

  boolean isIdle() {
    return writer == null && counts == null;
  }

  @Nullable CallCounts counts() {
    return counts;
  }

  long countedNanos() {
    return counts == null ? 0 : System.nanoTime() - countedSince;
  }

  FileRows files() {
    return files;
  }

  @Override
  public long call(
      Kernel.Dispatcher dispatcher,
      Task t,
      int number,
      long a0,
      long a1,
      long a2,
      long a3,
      long a4,
      long a5) {
    EventWriter w = settled();
    // Execve may change the tid, and the last task of a process its group.
    int pid = t.group.pid();
    int tid = t.tid();
    CallState s = CallState.of(t);
    if (w != null) {
      s.payload.clear();
      capture.in(t, s, number, files, a0, a1, a2, a3, a4, a5);
    }
    t.blockedNanos = 0;
    t.diskNanos = 0;
    t.handOverNanos = 0;
    long begin = System.nanoTime();
    s.begun(begin, w != null && waits ? number : CallState.NO_CALL, a0, a1, a2, a3, a4, a5);
    if (number == Sys.EXIT || number == Sys.EXIT_GROUP) {
      if (w != null) {
        w.call(begin, pid, tid, number, a0, a1, a2, a3, a4, a5, false, 0, 0, 0, 0, s.payload);
      }
      if (counts != null) {
        counts.add(t, number, 0, 0);
      }
      return dispatcher.call(t, number, a0, a1, a2, a3, a4, a5);
    }
    File file = counts == null && w == null ? null : fileOf(t, number, a0);
    long result = dispatcher.call(t, number, a0, a1, a2, a3, a4, a5);
    if (result == Task.NEEDS_COROUTINE) {
      return result; // it comes again, from there
    }
    long nanos = System.nanoTime() - begin;
    s.number = CallState.NO_CALL;
    boolean toWrite = w != null && w == writer;
    if (toWrite
        && (result >= 0 || result < -4095)
        && number != Sys.EXECVE
        && number != Sys.EXECVEAT) {
      capture.out(t, s, result, a0, a1, a2, a3, a4, a5);
    }
    // Others may have called since this one began.
    settle();
    s.ended(number, pid, tid, result, nanos, file);
    unsettled = t;
    unsettledWriter = toWrite ? w : null;
    if (!t.isAnsweredFast()) {
      settle();
    }
    return result;
  }

  /** Counts the call that was answered last, and writes what is to be told of it. */
  @Override
  public void settle() {
    Task t = unsettled;
    if (t == null) {
      return;
    }
    unsettled = null;
    CallState s = CallState.of(t);
    int number = s.endedNumber;
    long result = s.result;
    CallCounts c = counts;
    if (c != null) {
      c.add(t, number, result, s.nanos);
    }
    File file = s.takeFile();
    if (file != null) {
      FileRows.Open open = files.of(t, file);
      FileRows.move(open, writes(number), result);
      if (c != null) {
        files.count(t, open.row, writes(number), result, s.nanos);
      }
    }
    EventWriter w = unsettledWriter;
    if (w != null) {
      s.write(w, t);
      tellMore(w, t, s, number, result);
    }
  }

  /** What follows from a call, and is an event of its own. */
  private void tellMore(EventWriter w, Task t, CallState s, int number, long result) {
    if (result >= 0) {
      fileEvents.after(
          w,
          t,
          number,
          result,
          s.argument(0),
          s.argument(1),
          s.argument(2),
          s.argument(3),
          s.payload);
      if (number == Sys.LISTEN && t.fds.getAny((int) s.argument(0)) instanceof InetSocket socket) {
        network(w, t, Action.LISTEN, "tcp", socket.wideName(), socket.port(), "");
      }
    } else if (result == -Errno.ENOSYS
        && !table.isSupported(number)
        && !table.isTriedEverywhere(number)) {
      payload.clear();
      payload.add(0, table.name(number));
      w.event(
          EventKind.UNSUPPORTED,
          s.pid,
          s.tid,
          number,
          s.argument(0),
          s.argument(1),
          s.argument(2),
          result,
          0,
          payload);
    }
  }

  /** The writer, when all that came before has been written. */
  private @Nullable EventWriter settled() {
    settle();
    return writer;
  }

  @Override
  public void waits(Task t) {
    EventWriter w = settled();
    if (waits && w != null && t.watched instanceof CallState s) {
      s.tellWait(w, t);
    }
  }

  /** The file that a call reads or writes; null for other calls. */
  private static @Nullable File fileOf(Task t, int number, long fd) {
    return switch (number) {
      case Sys.READ,
          Sys.WRITE,
          Sys.PREAD64,
          Sys.PWRITE64,
          Sys.READV,
          Sys.WRITEV,
          Sys.PREADV,
          Sys.PWRITEV,
          Sys.PREADV2,
          Sys.PWRITEV2,
          Sys.FSYNC,
          Sys.FDATASYNC,
          Sys.GETDENTS64,
          Sys.SENDTO,
          Sys.RECVFROM,
          Sys.SENDMSG,
          Sys.RECVMSG ->
          t.fds.getAny((int) fd);
      default -> null;
    };
  }

  private static boolean writes(int number) {
    return switch (number) {
      case Sys.WRITE,
          Sys.PWRITE64,
          Sys.WRITEV,
          Sys.PWRITEV,
          Sys.PWRITEV2,
          Sys.FSYNC,
          Sys.FDATASYNC,
          Sys.SENDTO,
          Sys.SENDMSG ->
          true;
      default -> false;
    };
  }

  @Override
  public void started(@Nullable Task maker, Task task) {
    EventWriter w = settled();
    if (w != null) {
      payload.clear();
      payload.add(0, task.comm);
      int pid = maker == null ? 0 : maker.group.pid();
      w.event(
          EventKind.START,
          pid,
          maker == null ? 0 : maker.tid(),
          task.tid(),
          0,
          0,
          0,
          task.group.pid(),
          0,
          payload);
    }
  }

  @Override
  public void execed(Task t, String path, List<String> argv) {
    EventWriter w = settled();
    if (w == null) {
      return;
    }
    CallState s = CallState.of(t);
    payload.clear();
    text(0, Payload.TEXT, path);
    if (!path.startsWith("/")) {
      byte[] cwd = s.workingDirectory(t);
      payload.add(0, Payload.DIRECTORY, cwd, 0, Math.min(cwd.length, 1024));
    }
    int n = 0;
    for (String argument : argv) {
      if (n++ == MAX_ARGUMENTS) {
        payload.add(1, Payload.MORE_ELEMENTS, payload.target(), 0, 0);
        break;
      }
      text(1, Payload.ELEMENT, argument);
    }
    w.event(
        EventKind.EXEC, t.group.pid(), t.tid(), 0, t.creds.euid, t.creds.ruid, 0, 0, 0, payload);
  }

  private void text(int tag, int type, String bytes) {
    byte[] value = bytes.getBytes(StandardCharsets.ISO_8859_1);
    payload.add(tag, type, value, 0, Math.min(value.length, 1024));
  }

  @Override
  public void signal(Task t, SignalInfo info, boolean handled) {
    EventWriter w = settled();
    if (w != null) {
      payload.clear();
      w.event(
          EventKind.SIGNAL,
          t.group.pid(),
          t.tid(),
          info.signo,
          info.code,
          info.pid,
          info.address,
          handled ? 1 : 0,
          0,
          payload);
    }
  }

  @Override
  public void closed(Task t, File f) {
    EventWriter w = settled();
    if (w != null) {
      fileEvents.closed(w, t, f);
    }
  }

  @Override
  public void unreachable(Task t, String protocol, byte[] wide, int port) {
    EventWriter w = settled();
    if (w != null) {
      Action action = protocol.equals("tcp") ? Action.CONNECT : Action.SEND;
      network(w, t, action, protocol, wide, port, "net none");
    }
  }

  /** Of the network inside: what goes outside the network gofer tells. */
  private void network(
      EventWriter w,
      Task t,
      Action action,
      String protocol,
      byte[] wide,
      int port,
      String refusedBy) {
    String address = NetworkEvent.text(wide);
    boolean allowed = refusedBy.isEmpty();
    w.network(
        new NetworkEvent(
            t.group.pid(), action, protocol, address, port, "", allowed, refusedBy, 0, 0, 0),
        payload);
  }

  @Override
  public void ended(ThreadGroup g) {
    EventWriter w = settled();
    if (w != null) {
      payload.clear();
      w.event(
          EventKind.EXIT,
          g.pid(),
          g.pid(),
          0,
          g.cpuTimes().userNanos,
          g.cpuTimes().systemNanos,
          g.cpuTimes().maxRssKiB,
          g.exitStatus(),
          0,
          payload);
    }
  }

  @Override
  public void limit(ThreadGroup g, String what) {
    EventWriter w = settled();
    if (w != null) {
      payload.clear();
      payload.add(0, what);
      w.event(EventKind.LIMIT, g.pid(), g.pid(), 0, 0, 0, 0, 0, 0, payload);
    }
  }
}

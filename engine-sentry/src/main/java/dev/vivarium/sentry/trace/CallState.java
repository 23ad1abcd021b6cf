package dev.vivarium.sentry.trace;

import dev.vivarium.engine.watch.EventWriter;
import dev.vivarium.engine.watch.Payload;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.VfsPath;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What is kept for one task while somebody watches: it may be in the midst of a call. */
final class CallState {
  private static final byte[] NONE = {};

  /** No number of a call that waits and was not told of. */
  static final int NO_CALL = -1;

  final Payload payload = new Payload();

  /** What the arguments of the call that it is in are. */
  CallCapture.Row row = CallCapture.Row.NOTHING;

  /** The call that it is in, for those who want to know when it begins to wait. */
  int number = NO_CALL;

  /** The call that was answered last, who made it, and what came of it. */
  int endedNumber;

  int pid;
  int tid;
  long result;
  long nanos;
  private @Nullable File file;

  private long begin;
  private final long[] arguments = new long[6];

  private @Nullable VfsPath cwd;
  private byte[] cwdBytes = NONE;

  static CallState of(Task t) {
    if (t.watched instanceof CallState s) {
      return s;
    }
    CallState s = new CallState();
    t.watched = s;
    return s;
  }

  void begun(long at, int call, long a0, long a1, long a2, long a3, long a4, long a5) {
    begin = at;
    number = call;
    arguments[0] = a0;
    arguments[1] = a1;
    arguments[2] = a2;
    arguments[3] = a3;
    arguments[4] = a4;
    arguments[5] = a5;
  }

  /** It was answered; what is to be told of it is kept until {@link #write}. */
  void ended(
      int call, int process, int thread, long answer, long duration, @Nullable File changed) {
    endedNumber = call;
    pid = process;
    tid = thread;
    result = answer;
    nanos = duration;
    file = changed;
  }

  /** The file that the call read or wrote; given once. */
  @Nullable File takeFile() {
    File taken = file;
    file = null;
    return taken;
  }

  long argument(int i) {
    return arguments[i];
  }

  /** Tells of the call that was answered. */
  void write(EventWriter w, Task t) {
    long[] a = arguments;
    w.call(
        begin,
        pid,
        tid,
        endedNumber,
        a[0],
        a[1],
        a[2],
        a[3],
        a[4],
        a[5],
        true,
        result,
        nanos,
        t.blockedNanos + t.handOverNanos,
        t.diskNanos,
        payload);
  }

  /** It waits; told of once. */
  void tellWait(EventWriter w, Task t) {
    int call = number;
    if (call != NO_CALL) {
      number = NO_CALL;
      long[] a = arguments;
      int pid = t.group.pid();
      w.waits(begin, pid, t.tid(), call, a[0], a[1], a[2], a[3], a[4], a[5], payload);
    }
  }

  /** The task's working directory, as it sees it. */
  byte[] workingDirectory(Task t) {
    VfsPath now = t.fs.cwd();
    if (now != cwd) {
      cwd = now;
      cwdBytes = now.display(t.fs.root()).getBytes(StandardCharsets.ISO_8859_1);
    }
    return cwdBytes;
  }
}

package dev.vivarium.sentry.ipc.mq;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.abi.Signals;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.SignalInfo;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.ThreadGroup;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.net.NetlinkSocket;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Times;
import dev.vivarium.sentry.vfs.VfsPath;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A queue. A message goes straight to the receiver that has waited longest; so a message is only
 * ever in the queue while nobody waits for one, and a sender only waits while it is full.
 */
final class QueueInode extends Inode {
  /** The size that fstat shows: that of the text which read(2) gives. */
  private static final int TEXT_SIZE = 80;

  /** What a notification by netlink ends in: a message came, or the registration was removed. */
  private static final int NOTIFY_WOKENUP = 1;

  private static final int NOTIFY_REMOVED = 2;

  record Message(int priority, byte[] bytes) {}

  /** mq_notify(2): who wants to hear of a message that comes to the empty queue. */
  static final class Registration {
    final ThreadGroup process;
    final int kind;
    final int signo;
    final long value;
    final @Nullable NetlinkSocket socket;
    final byte[] cookie;

    Registration(
        ThreadGroup process,
        int kind,
        int signo,
        long value,
        @Nullable NetlinkSocket socket,
        byte[] cookie) {
      this.process = process;
      this.kind = kind;
      this.signo = signo;
      this.value = value;
      this.socket = socket;
      this.cookie = cookie;
    }
  }

  private static final class Receiver {
    final Task task;
    @Nullable Message message;

    Receiver(Task task) {
      this.task = task;
    }
  }

  final PosixQueues.Limits limits;
  final long cost;

  /** Whose RLIMIT_MSGQUEUE it counts to. */
  final int owner;

  private final PosixQueues queues;
  private final String name;
  private final TreeMap<Integer, ArrayDeque<Message>> messages = new TreeMap<>();
  private final ArrayDeque<Receiver> receivers = new ArrayDeque<>();
  private final WaitQueue senders = new WaitQueue();
  private final WaitQueue pollers = new WaitQueue();
  private int count;
  private long bytes;
  private @Nullable Registration registration;

  QueueInode(
      Task t,
      PosixQueues queues,
      FileSystem fs,
      long ino,
      String name,
      int mode,
      PosixQueues.Limits limits) {
    super(fs, ino, Stat.S_IFREG | mode);
    this.queues = queues;
    this.name = name;
    this.limits = limits;
    this.cost = PosixQueues.cost(limits);
    this.owner = t.creds.ruid;
    uid = t.creds.fsuid;
    gid = t.creds.fsgid;
    size = TEXT_SIZE;
    long now = Times.now();
    atimeNanos = now;
    mtimeNanos = now;
    ctimeNanos = now;
  }

  int count() {
    return count;
  }

  WaitQueue pollers() {
    return pollers;
  }

  int readiness() {
    int events = count > 0 ? Poll.IN | Poll.RDNORM : 0;
    return count < limits.messages() ? events | Poll.OUT | Poll.WRNORM : events;
  }

  /** Sends; may wait for room. */
  long send(Task t, Message m, boolean nonBlocking, long deadlineNanos) {
    while (count >= limits.messages()) {
      if (nonBlocking) {
        return -Errno.EAGAIN;
      }
      long rc = t.waitOn(senders, deadlineNanos);
      if (rc < 0) {
        return rc;
      }
    }
    mtimeNanos = Times.now();
    ctimeNanos = mtimeNanos;
    Receiver r = receivers.pollFirst();
    if (r != null) {
      r.message = m;
      r.task.wake();
      return 0;
    }
    messages.computeIfAbsent(m.priority(), p -> new ArrayDeque<>(2)).addLast(m);
    count++;
    bytes += m.bytes().length;
    if (count == 1) {
      tell(t);
    }
    pollers.wake(Poll.IN | Poll.RDNORM);
    return 0;
  }

  /** Receives into {@code out[0]}; may wait for a message. */
  long receive(Task t, @Nullable Message[] out, boolean nonBlocking, long deadlineNanos) {
    atimeNanos = Times.now();
    Map.Entry<Integer, ArrayDeque<Message>> highest = messages.lastEntry();
    if (highest != null) {
      Message m = highest.getValue().removeFirst();
      if (highest.getValue().isEmpty()) {
        messages.remove(highest.getKey());
      }
      count--;
      bytes -= m.bytes().length;
      out[0] = m;
      senders.wakeOne(0);
      pollers.wake(Poll.OUT | Poll.WRNORM);
      return 0;
    }
    if (nonBlocking) {
      return -Errno.EAGAIN;
    }
    Receiver r = new Receiver(t);
    receivers.addLast(r);
    while (r.message == null) {
      long rc = t.sleepUntil(deadlineNanos);
      if (rc < 0 && r.message == null) {
        receivers.remove(r);
        return rc;
      }
    }
    out[0] = r.message;
    return 0;
  }

  // ---- notification ----

  /** mq_notify(2): 0, or -EBUSY if another one is registered. */
  long register(@Nullable Registration wanted, ThreadGroup by) {
    if (wanted == null) {
      removeRegistration(by);
      return 0;
    }
    if (registration != null) {
      return -Errno.EBUSY;
    }
    registration = wanted;
    atimeNanos = Times.now();
    ctimeNanos = atimeNanos;
    return 0;
  }

  void removeRegistration(ThreadGroup by) {
    Registration r = registration;
    if (r != null && r.process == by) {
      registration = null;
      deliver(r, NOTIFY_REMOVED);
    }
  }

  private void tell(Task sender) {
    Registration r = registration;
    if (r == null) {
      return;
    }
    registration = null;
    if (r.kind == Signals.SIGEV_SIGNAL && r.signo != 0) {
      SignalInfo info = new SignalInfo(r.signo, Signals.SI_MESGQ);
      info.pid = sender.group.pid();
      info.uid = sender.creds.ruid;
      info.value = r.value;
      r.process.sendSignal(info);
    }
    deliver(r, NOTIFY_WOKENUP);
  }

  private static void deliver(Registration r, int what) {
    if (r.socket != null) {
      byte[] cookie = r.cookie.clone();
      cookie[cookie.length - 1] = (byte) what;
      r.socket.deliver(cookie);
    }
  }

  // ---- as a file ----

  /** What read(2) of the descriptor gives. */
  String text() {
    Registration r = registration;
    return String.format(
        java.util.Locale.ROOT,
        "QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n",
        bytes,
        r == null ? 0 : r.kind,
        r != null && r.kind == Signals.SIGEV_SIGNAL ? r.signo : 0,
        r == null ? 0 : r.process.pid());
  }

  String name() {
    return name;
  }

  /** open(2) of its file gives the same as mq_open(3). */
  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    out.file = new QueueFile(this, path, flags);
    return 0;
  }

  void unlinked() {
    nlink = 0;
    ctimeNanos = Times.now();
    evictIfUnused();
  }

  @Override
  public void evict() {
    queues.gone(this);
  }

  @Override
  public long setattr(Task t, AttrChange change) {
    return applyAttributes(change);
  }

  @Override
  public String anonymousName() {
    return nlink == 0 ? "/" + name + " (deleted)" : "/" + name;
  }
}

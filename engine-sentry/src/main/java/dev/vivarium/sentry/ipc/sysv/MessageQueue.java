package dev.vivarium.sentry.ipc.sysv;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A queue of typed messages. A sender hands its message to the first receiver that wants it. */
public final class MessageQueue extends IpcObject {
  // linux/msg.h
  public static final int MSG_NOERROR = 010000;
  public static final int MSG_EXCEPT = 020000;
  public static final int MSG_COPY = 040000;

  /** Messages of all queues lie in our heap: there may not be more than this. */
  private static final long MAX_BYTES = 16L << 20;

  /** What a message costs besides its bytes. */
  private static final int OVERHEAD = 64;

  /** Bytes of {@code struct msqid64_ds}. */
  private static final int SIZE = 120;

  /** A message. */
  public record Message(long type, byte[] bytes) {}

  /** Which message a receiver wants. */
  public record Wanted(long type, int flags) {
    /** As far as a message can be told to be the one without looking at others. */
    boolean matches(long messageType) {
      if (type == 0) {
        return true;
      }
      if (type < 0) {
        return messageType <= (type == Long.MIN_VALUE ? Long.MAX_VALUE : -type);
      }
      return (messageType == type) != ((flags & MSG_EXCEPT) != 0);
    }
  }

  private static final class Receiver {
    final Task task;
    final Wanted wanted;
    final long size;
    boolean done;
    long error;
    @Nullable Message message;

    Receiver(Task task, Wanted wanted, long size) {
      this.task = task;
      this.wanted = wanted;
      this.size = size;
    }
  }

  private final List<Message> messages = new ArrayList<>();
  private final List<Receiver> receivers = new ArrayList<>();
  private final WaitQueue senders = new WaitQueue();
  private long bytes;
  private long maxBytes = SysvIpc.MSGMNB;
  private long sendSeconds;
  private long receiveSeconds;
  private int lastSender;
  private int lastReceiver;

  public MessageQueue(Credentials c, int key, int mode) {
    super(c, key, mode);
  }

  public int length() {
    return messages.size();
  }

  /**
   * Sends a message; may wait for room.
   *
   * @return 0, -EAGAIN, -EACCES, -EIDRM, -ENOMEM, or -ERESTARTNOHAND
   */
  public long send(Task t, SysvIpc ipc, Message m, boolean noWait) {
    int size = m.bytes().length;
    for (; ; ) {
      if (!permits(t.creds, WRITE)) {
        return -Errno.EACCES;
      }
      if (bytes + size <= maxBytes && messages.size() + 1L <= maxBytes) {
        break;
      }
      if (noWait) {
        return -Errno.EAGAIN;
      }
      long rc = t.waitOn(senders, Task.NO_DEADLINE);
      if (removed) {
        return -Errno.EIDRM;
      }
      if (rc < 0) {
        return -Errno.ERESTARTNOHAND;
      }
    }
    if (ipc.messageBytes + size + OVERHEAD > MAX_BYTES) {
      return -Errno.ENOMEM;
    }
    lastSender = t.group.pid();
    sendSeconds = now();
    if (!handOver(m)) {
      messages.add(m);
      bytes += size;
      ipc.messageBytes += size + OVERHEAD;
    }
    return 0;
  }

  private boolean handOver(Message m) {
    for (Iterator<Receiver> it = receivers.iterator(); it.hasNext(); ) {
      Receiver r = it.next();
      if (!r.wanted.matches(m.type())) {
        continue;
      }
      it.remove();
      r.done = true;
      r.task.wake();
      if (r.size < m.bytes().length && (r.wanted.flags() & MSG_NOERROR) == 0) {
        r.error = -Errno.E2BIG;
      } else {
        r.message = m;
        lastReceiver = r.task.group.pid();
        receiveSeconds = now();
        return true;
      }
    }
    return false;
  }

  /** The result of {@link #receive}. */
  public static final class Received {
    public @Nullable Message message;
  }

  /**
   * Receives a message; may wait for one.
   *
   * @param size most bytes that the caller takes
   * @return 0 (the message is in {@code out}), -ENOMSG, -E2BIG, -EACCES, -EIDRM, -ERESTARTNOHAND
   */
  public long receive(Task t, SysvIpc ipc, Wanted wanted, long size, Received out) {
    if (!permits(t.creds, READ)) {
      return -Errno.EACCES;
    }
    int at = find(wanted);
    if (at >= 0) {
      Message m = messages.get(at);
      if (size < m.bytes().length && (wanted.flags() & MSG_NOERROR) == 0) {
        return -Errno.E2BIG;
      }
      out.message = m;
      if ((wanted.flags() & MSG_COPY) == 0) {
        messages.remove(at);
        bytes -= m.bytes().length;
        ipc.messageBytes -= m.bytes().length + OVERHEAD;
        lastReceiver = t.group.pid();
        receiveSeconds = now();
        senders.wake(0);
      }
      return 0;
    }
    if ((wanted.flags() & IPC_NOWAIT) != 0) {
      return -Errno.ENOMSG;
    }
    Receiver r = new Receiver(t, wanted, size);
    receivers.add(r);
    while (!r.done) {
      long rc = t.sleepUntil(Task.NO_DEADLINE);
      if (rc < 0 && !r.done) {
        receivers.remove(r);
        return -Errno.ERESTARTNOHAND;
      }
    }
    out.message = r.message;
    return r.error;
  }

  /** The message that a receiver gets now; -1 if there is none. */
  private int find(Wanted wanted) {
    if ((wanted.flags() & MSG_COPY) != 0) {
      return wanted.type() >= 0 && wanted.type() < messages.size() ? (int) wanted.type() : -1;
    }
    int best = -1;
    for (int i = 0; i < messages.size(); i++) {
      if (wanted.matches(messages.get(i).type())) {
        if (wanted.type() >= 0) {
          return i;
        }
        if (best < 0 || messages.get(i).type() < messages.get(best).type()) {
          best = i;
        }
      }
    }
    return best;
  }

  @Override
  public String describe() {
    return String.format(
        Locale.ROOT,
        "%10d %10d  %4o  %10d %10d %5d %5d %s %10d %10d %10d",
        key,
        id,
        mode,
        bytes,
        messages.size(),
        lastSender,
        lastReceiver,
        owners(),
        sendSeconds,
        receiveSeconds,
        changeSeconds);
  }

  @Override
  public byte[] encode() {
    byte[] b = new byte[SIZE];
    encodePermissions(b);
    Bytes.putLong(b, 48, sendSeconds);
    Bytes.putLong(b, 56, receiveSeconds);
    Bytes.putLong(b, 64, changeSeconds);
    Bytes.putLong(b, 72, bytes);
    Bytes.putLong(b, 80, messages.size());
    Bytes.putLong(b, 88, maxBytes);
    Bytes.putInt(b, 96, lastSender);
    Bytes.putInt(b, 100, lastReceiver);
    return b;
  }

  @Override
  public long set(Credentials c, byte[] from) {
    long limit = Bytes.getLong(from, 88);
    if (Long.compareUnsigned(limit, SysvIpc.MSGMNB) > 0
        && !c.capable(Capability.CAP_SYS_RESOURCE)) {
      return -Errno.EPERM;
    }
    long rc = setOwner(from);
    if (rc == 0) {
      maxBytes = limit < 0 ? Long.MAX_VALUE : limit;
      // Linux has receivers look again too (with EAGAIN inside); ours look at each message anyway.
      senders.wake(0);
    }
    return rc;
  }

  @Override
  public void remove(SysvIpc ipc) {
    ipc.queues().remove(this);
    ipc.messageBytes -= bytes + (long) messages.size() * OVERHEAD;
    messages.clear();
    bytes = 0;
    for (Receiver r : receivers) {
      r.done = true;
      r.error = -Errno.EIDRM;
      r.task.wake();
    }
    receivers.clear();
    senders.wake(0);
  }
}

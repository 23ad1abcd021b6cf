package dev.vivarium.sentry.ipc.mq;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.net.NetlinkSocket;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.VfsPath;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** An open message queue: what mq_open(2) returns a descriptor of. */
public final class QueueFile extends File {
  private final QueueInode queue;

  QueueFile(QueueInode queue, @Nullable VfsPath path, int flags) {
    super(queue, path, flags);
    this.queue = queue;
  }

  /** A message as it was received. */
  public record Received(int priority, byte[] bytes) {}

  public long maxMessages() {
    return queue.limits.messages();
  }

  public long messageSize() {
    return queue.limits.size();
  }

  /** Messages in the queue now. */
  public int count() {
    return queue.count();
  }

  /** Sends a message, waiting for room; -ERESTARTSYS, -ETIMEDOUT, -EAGAIN. */
  public long send(Task t, int priority, byte[] bytes, long deadlineNanos) {
    return queue.send(t, new QueueInode.Message(priority, bytes), isNonBlocking(), deadlineNanos);
  }

  /** Receives a message, waiting for one; null and {@code error[0]} if that fails. */
  public @Nullable Received receive(Task t, long deadlineNanos, long[] error) {
    QueueInode.@Nullable Message[] out = {null};
    error[0] = queue.receive(t, out, isNonBlocking(), deadlineNanos);
    QueueInode.Message m = out[0];
    return m == null ? null : new Received(m.priority(), m.bytes());
  }

  /** mq_notify(2) with a registration. */
  public long register(
      Task t, int kind, int signo, long value, @Nullable NetlinkSocket socket, byte[] cookie) {
    return queue.register(
        new QueueInode.Registration(t.group, kind, signo, value, socket, cookie), t.group);
  }

  /** mq_notify(2) without one: the process's own goes. */
  public void unregister(Task t) {
    queue.removeRegistration(t.group);
  }

  @Override
  public void flush(Task t) {
    queue.removeRegistration(t.group);
  }

  @Override
  public boolean isSeekable() {
    return true;
  }

  @Override
  public long seek(Task t, long offset, int whence) {
    long to =
        switch (whence) {
          case 0 -> offset;
          case 1 -> position + offset;
          case 2 -> inode.size + offset;
          default -> -1;
        };
    if (to < 0) {
      return -Errno.EINVAL;
    }
    position = to;
    return to;
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    byte[] text = queue.text().getBytes(StandardCharsets.ISO_8859_1);
    if (offset >= text.length || dst.remaining() == 0) {
      return 0;
    }
    int n = (int) Math.min(text.length - offset, dst.remaining());
    return dst.put(text, (int) offset, n);
  }

  @Override
  public int poll() {
    return queue.readiness();
  }

  @Override
  public WaitQueue pollQueue() {
    return queue.pollers();
  }
}

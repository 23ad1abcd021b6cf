package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Ioctls;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.Notify;
import dev.vivarium.sentry.vfs.VfsPath;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;

/** inotify_init(2): a queue of what happened to the files that it watches. */
public final class InotifyFile extends File implements Notify.Watcher {
  private static final int HEADER = 16;

  // Defaults of /proc/sys/fs/inotify.
  private static final int MAX_QUEUED = 16_384;
  private static final int MAX_WATCHES = 65_536;

  private record Event(int descriptor, int mask, int cookie, String name) {
    private static byte[] bytesOf(String name) {
      return name.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Bytes of the name with its NULs. */
    int nameSize() {
      return name.isEmpty() ? 0 : bytesOf(name).length / HEADER * HEADER + HEADER;
    }

    byte[] encode() {
      byte[] b = new byte[HEADER + nameSize()];
      Bytes.putInt(b, 0, descriptor);
      Bytes.putInt(b, 4, mask);
      Bytes.putInt(b, 8, cookie);
      Bytes.putInt(b, 12, b.length - HEADER);
      byte[] n = bytesOf(name);
      System.arraycopy(n, 0, b, HEADER, n.length);
      return b;
    }
  }

  private final WaitQueue queue = new WaitQueue();
  private final ArrayDeque<Event> events = new ArrayDeque<>();
  private final Map<Integer, Notify.Watch> watches = new TreeMap<>();
  private final Runnable onRelease;
  private int lastDescriptor;

  /**
   * @param onRelease run when nobody holds it any more
   */
  public InotifyFile(Inode inode, int flags, Runnable onRelease) {
    super(inode, null, flags);
    this.onRelease = onRelease;
  }

  /**
   * inotify_add_watch(2), after its checks.
   *
   * @param add whether events are added to those of a watch that is there (IN_MASK_ADD)
   * @param create whether there must not be one (IN_MASK_CREATE)
   */
  public long watch(VfsPath path, int mask, boolean add, boolean create) {
    Notify.Watch w = Notify.find(this, path.inode());
    if (w != null) {
      if (create) {
        return -Errno.EEXIST;
      }
      w.mask = add ? w.mask | mask : mask;
      return w.descriptor;
    }
    if (watches.size() >= MAX_WATCHES) {
      return -Errno.ENOSPC;
    }
    w = new Notify.Watch(this, ++lastDescriptor, path, mask);
    watches.put(w.descriptor, w);
    w.add();
    return w.descriptor;
  }

  /** inotify_rm_watch(2). */
  public long unwatch(int descriptor) {
    Notify.Watch w = watches.get(descriptor);
    if (w == null) {
      return -Errno.EINVAL;
    }
    w.remove();
    gone(w);
    return 0;
  }

  /** Descriptors, inodes and masks, for fdinfo. */
  public Iterable<Notify.Watch> watches() {
    return new ArrayList<>(watches.values());
  }

  /** lseek(2) succeeds and does nothing. */
  @Override
  public long seek(Task t, long offset, int whence) {
    return 0;
  }

  @Override
  public boolean hasAsync() {
    return true;
  }

  @Override
  public void happened(Notify.Watch w, int mask, int cookie, String name) {
    put(new Event(w.descriptor, mask, cookie, name));
    if ((w.mask & Notify.IN_ONESHOT) != 0) {
      w.remove();
      gone(w);
    }
  }

  @Override
  public void gone(Notify.Watch w) {
    watches.remove(w.descriptor);
    put(new Event(w.descriptor, Notify.IN_IGNORED, 0, ""));
  }

  private void put(Event e) {
    Event last = events.peekLast();
    if (e.equals(last) || last != null && last.mask == Notify.IN_Q_OVERFLOW) {
      return;
    }
    events.addLast(events.size() >= MAX_QUEUED ? new Event(-1, Notify.IN_Q_OVERFLOW, 0, "") : e);
    queue.wake(Poll.IN | Poll.RDNORM);
  }

  @Override
  public long read(Task t, Uio dst, long offset) {
    while (events.isEmpty()) {
      if (isNonBlocking()) {
        return -Errno.EAGAIN;
      }
      long w = t.waitOn(queue, Task.NO_DEADLINE);
      if (w < 0) {
        return w;
      }
    }
    long done = 0;
    for (Event e = events.peekFirst(); e != null; e = events.peekFirst()) {
      byte[] b = e.encode();
      if (dst.remaining() < b.length) {
        return done > 0 ? done : -Errno.EINVAL;
      }
      events.removeFirst();
      long n = dst.put(b, 0, b.length);
      if (n < b.length) {
        return done > 0 ? done : -Errno.EFAULT;
      }
      done += n;
    }
    return done;
  }

  @Override
  public long ioctl(Task t, int command, long argument) {
    if (command != Ioctls.FIONREAD) {
      return -Errno.ENOTTY;
    }
    int sum = 0;
    for (Event e : events) {
      sum += HEADER + e.nameSize();
    }
    return t.mm.writeInt(argument, sum);
  }

  @Override
  public int poll() {
    return events.isEmpty() ? 0 : Poll.IN | Poll.RDNORM;
  }

  @Override
  public WaitQueue pollQueue() {
    return queue;
  }

  @Override
  protected void release(Task t) {
    for (Notify.Watch w : watches.values()) {
      w.remove();
    }
    watches.clear();
    events.clear();
    onRelease.run();
  }
}

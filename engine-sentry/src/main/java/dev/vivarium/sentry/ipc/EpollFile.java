package dev.vivarium.sentry.ipc;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Poll;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.kernel.WaitQueue;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * epoll(7): watches files and remembers which of them may be ready.
 *
 * <p>An item is watched under a descriptor number and an open file; it holds no reference on the
 * file and goes with it. The ready list holds each item at most once; what is reported level
 * triggered goes to its end again.
 */
public final class EpollFile extends File {
  public static final int EPOLLEXCLUSIVE = 1 << 28;
  public static final int EPOLLWAKEUP = 1 << 29;
  public static final int EPOLLONESHOT = 1 << 30;
  public static final int EPOLLET = 1 << 31;

  private static final int PRIVATE_BITS = EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET;
  private static final int EXCLUSIVE_OK =
      Poll.IN | Poll.OUT | Poll.ERR | Poll.HUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

  /** Chains of epoll instances that watch each other may be this long. */
  private static final int MAX_NESTING = 5;

  private final WaitQueue queue = new WaitQueue();
  private final Map<Key, Item> items = new LinkedHashMap<>();
  private final ArrayDeque<Item> ready = new ArrayDeque<>();

  public EpollFile(Inode inode, int flags) {
    super(inode, null, flags);
  }

  private record Key(int fd, int identity, File file) {
    static Key of(int fd, File file) {
      return new Key(fd, System.identityHashCode(file), file);
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Key k && k.fd == fd && k.file == file;
    }

    @Override
    public int hashCode() {
      return 31 * identity + fd;
    }
  }

  /** One watched file. */
  public final class Item extends WaitQueue.Waiter {
    private final Key key;
    private final @Nullable WaitQueue watched;
    private int interest;
    private long data;
    private boolean isReady;
    private final Runnable gone = this::remove;

    private Item(Key key, @Nullable WaitQueue watched, int interest, long data) {
      this.key = key;
      this.watched = watched;
      this.interest = interest;
      this.data = data;
    }

    public int fd() {
      return key.fd;
    }

    public int interest() {
      return interest;
    }

    public long data() {
      return data;
    }

    @Override
    protected void woken(int events) {
      if (events == 0 || (events & interest) != 0) {
        markReady();
      }
    }

    private void markReady() {
      // Only level readiness could change nothing; an edge is news even if nobody took the last.
      if (!isReady && (interest & ~PRIVATE_BITS) != 0) {
        isReady = true;
        ready.addLast(this);
      }
      if (isReady) {
        queue.wake(Poll.IN | Poll.RDNORM);
      }
    }

    private int current() {
      return key.file.poll() & interest & ~PRIVATE_BITS;
    }

    private void remove() {
      if (watched != null) {
        watched.remove(this);
      }
      items.remove(key);
      if (isReady) {
        isReady = false;
        ready.remove(this);
      }
    }
  }

  public Collection<Item> items() {
    return items.values();
  }

  /** It has commands of its own, none of which is known here. */
  @Override
  public long ioctl(Task t, int command, long argument) {
    return -Errno.EINVAL;
  }

  /** lseek(2) succeeds and does nothing. */
  @Override
  public long seek(Task t, long offset, int whence) {
    return 0;
  }

  /** The file watched under a descriptor number, or after some others under the same. */
  public @Nullable File watched(int fd, int others) {
    int left = others;
    for (Key key : items.keySet()) {
      if (key.fd == fd && left-- == 0) {
        return key.file;
      }
    }
    return null;
  }

  /** EPOLL_CTL_ADD. */
  public long add(int fd, File file, int events, long data) {
    if (file == this) {
      return -Errno.EINVAL;
    }
    WaitQueue watched = file.pollQueue();
    if (watched == null) {
      return -Errno.EPERM;
    }
    if ((events & EPOLLEXCLUSIVE) != 0
        && ((events & ~EXCLUSIVE_OK) != 0 || file instanceof EpollFile)) {
      return -Errno.EINVAL;
    }
    Key key = Key.of(fd, file);
    if (items.containsKey(key)) {
      return -Errno.EEXIST;
    }
    if (file instanceof EpollFile other
        && (other.reaches(this, 0) || other.depth(0) >= MAX_NESTING)) {
      return -Errno.ELOOP;
    }
    Item item = new Item(key, watched, events | Poll.ERR | Poll.HUP, data);
    items.put(key, item);
    watched.add(item);
    file.addReleaseHook(item.gone);
    if (item.current() != 0) {
      item.markReady();
    }
    return 0;
  }

  /** EPOLL_CTL_MOD. */
  public long modify(int fd, File file, int events, long data) {
    if ((events & EPOLLEXCLUSIVE) != 0) {
      return -Errno.EINVAL;
    }
    Item item = items.get(Key.of(fd, file));
    if (item == null) {
      return -Errno.ENOENT;
    }
    if ((item.interest & EPOLLEXCLUSIVE) != 0) {
      return -Errno.EINVAL;
    }
    item.interest = events | Poll.ERR | Poll.HUP;
    item.data = data;
    if (item.current() != 0) {
      item.markReady();
    }
    return 0;
  }

  /** EPOLL_CTL_DEL. */
  public long delete(int fd, File file) {
    Item item = items.get(Key.of(fd, file));
    if (item == null) {
      return -Errno.ENOENT;
    }
    file.removeReleaseHook(item.gone);
    item.remove();
    return 0;
  }

  private boolean reaches(EpollFile target, int depth) {
    if (this == target) {
      return true;
    }
    if (depth > MAX_NESTING) {
      return true;
    }
    for (Item i : items.values()) {
      if (i.key.file instanceof EpollFile e && e.reaches(target, depth + 1)) {
        return true;
      }
    }
    return false;
  }

  private int depth(int above) {
    int deepest = above + 1;
    if (deepest > MAX_NESTING) {
      return deepest;
    }
    for (Item i : items.values()) {
      if (i.key.file instanceof EpollFile e) {
        deepest = Math.max(deepest, e.depth(above + 1));
      }
    }
    return deepest;
  }

  /** Takes one event. */
  public interface Sink {
    /** False if it could not be stored: then it is reported again next time. */
    boolean accept(int events, long data);
  }

  /** Reports up to {@code max} ready items; the count. */
  public int collect(int max, Sink sink) {
    int count = 0;
    for (int left = ready.size(); left > 0 && count < max; left--) {
      Item item = ready.pollFirst();
      if (item == null) {
        break;
      }
      item.isReady = false;
      int events = item.current();
      if (events == 0) {
        continue;
      }
      if (!sink.accept(events, item.data)) {
        item.isReady = true;
        ready.addFirst(item);
        break;
      }
      count++;
      if ((item.interest & EPOLLONESHOT) != 0) {
        item.interest &= PRIVATE_BITS;
      } else if ((item.interest & EPOLLET) == 0) {
        item.isReady = true;
        ready.addLast(item);
      }
    }
    return count;
  }

  /** How many items {@link #collect} would look at. */
  public int readyItems() {
    return ready.size();
  }

  /** Waits until something may be ready: as {@link Task#waitOn}. */
  public long await(Task t, long deadlineNanos) {
    return t.waitOn(queue, deadlineNanos);
  }

  @Override
  public int poll() {
    // Level-triggered items stay in the list until somebody looks: look now.
    for (Item item : ready) {
      if (item.current() != 0) {
        return Poll.IN | Poll.RDNORM;
      }
    }
    return 0;
  }

  @Override
  public WaitQueue pollQueue() {
    return queue;
  }

  @Override
  protected void release(Task t) {
    for (Item item : items.values().toArray(new Item[0])) {
      item.key.file.removeReleaseHook(item.gone);
      item.remove();
    }
  }
}

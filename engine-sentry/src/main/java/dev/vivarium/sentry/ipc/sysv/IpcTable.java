package dev.vivarium.sentry.ipc.sysv;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.kernel.Credentials;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All objects of one kind, by id and by key. An id is an index and, above it, a sequence number.
 */
public final class IpcTable<T extends IpcObject> {
  private static final int INDEX_BITS = 15;
  private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;
  private static final int SEQUENCES = 1 << 31 - INDEX_BITS;

  private final int limit;
  private final TreeMap<Integer, T> byIndex = new TreeMap<>();
  private final Map<Integer, T> byKey = new HashMap<>();
  private int sequence;

  IpcTable(int limit) {
    this.limit = limit;
  }

  /** Gives an object its id, and its key if it has one; -ENOSPC if there are too many. */
  public long add(T object) {
    if (byIndex.size() >= limit) {
      return -Errno.ENOSPC;
    }
    int index = 0;
    if (!byIndex.isEmpty() && byIndex.lastKey() != byIndex.size() - 1) {
      while (byIndex.containsKey(index)) {
        index++;
      }
    } else {
      index = byIndex.size();
    }
    sequence = (sequence + 1) % SEQUENCES;
    object.sequence = sequence;
    object.id = sequence << INDEX_BITS | index;
    byIndex.put(index, object);
    if (object.key != IpcObject.IPC_PRIVATE) {
      byKey.put(object.key, object);
    }
    return object.id;
  }

  /** The object of an id; null (-EINVAL) if there is none. */
  public @Nullable T byId(int id) {
    T found = id < 0 ? null : byIndex.get(id & INDEX_MASK);
    return found != null && found.id == id ? found : null;
  }

  /** The object at an index, for the *_STAT commands. */
  public @Nullable T byIndex(int index) {
    return index < 0 ? null : byIndex.get(index);
  }

  public @Nullable T byKey(int key) {
    return byKey.get(key);
  }

  public Collection<T> all() {
    return byIndex.values();
  }

  /** The highest index in use; 0 if there is none. */
  public int highestIndex() {
    return byIndex.isEmpty() ? 0 : byIndex.lastKey();
  }

  /** Nobody finds it by its key any more. */
  void forgetKey(T object) {
    if (object.key != IpcObject.IPC_PRIVATE) {
      byKey.remove(object.key, object);
      object.key = IpcObject.IPC_PRIVATE;
    }
  }

  void remove(T object) {
    object.removed = true;
    byIndex.remove(object.id & INDEX_MASK, object);
    if (object.key != IpcObject.IPC_PRIVATE) {
      byKey.remove(object.key, object);
    }
  }

  /**
   * What semget, msgget and shmget have in common.
   *
   * @param maker makes an object, or returns null and says why
   * @return an id or a negative errno
   */
  public long get(Credentials c, int key, int flags, Maker<T> maker) {
    T found = key == IpcObject.IPC_PRIVATE ? null : byKey.get(key);
    if (found == null) {
      return key != IpcObject.IPC_PRIVATE && (flags & IpcObject.IPC_CREAT) == 0
          ? -Errno.ENOENT
          : maker.make(this);
    }
    int exclusive = IpcObject.IPC_CREAT | IpcObject.IPC_EXCL;
    if ((flags & exclusive) == exclusive) {
      return -Errno.EEXIST;
    }
    long rc = maker.fits(found);
    if (rc < 0) {
      return rc;
    }
    return found.permits(c, flags) ? found.id : -Errno.EACCES;
  }

  /** The part of {@link #get} that differs from kind to kind. */
  public interface Maker<T extends IpcObject> {
    /** Makes an object and adds it; its id or a negative errno. */
    long make(IpcTable<T> table);

    /** Whether an object that is there can be what the caller asks for: 0 or a negative errno. */
    long fits(T found);
  }
}

package dev.vivarium.sentry.ipc.mq;

import dev.vivarium.sentry.abi.Capability;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Resource;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.Permissions;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** The queues of a sandbox by name: what is mounted as mqueue on Linux. */
public final class PosixQueues {
  /** Defaults of /proc/sys/fs/mqueue; see mq_overview(7). */
  public static final int QUEUES_MAX = 256;

  private static final int MSG_MAX = 10;
  private static final int MSGSIZE_MAX = 8192;
  private static final int DEFAULT_MESSAGES = 10;
  private static final int DEFAULT_SIZE = 8192;

  /** What CAP_SYS_RESOURCE permits. */
  private static final int HARD_MSG_MAX = 65_536;

  private static final int HARD_MSGSIZE_MAX = 16 << 20;

  /** Messages lie in our heap: all queues together may not have room for more. */
  private static final long ALL_BYTES = 32L << 20;

  /** What Linux counts for a message and for a priority besides the bytes. */
  private static final int MESSAGE_COST = 48;

  private static final int PRIORITY_COST = 48;
  static final int PRIORITIES = 32_768;

  private static final int NAME_MAX = 255;

  private final QueueFs fs = new QueueFs(this);

  /** In the order of their making, which is that of their inode numbers. */
  private final Map<String, QueueInode> byName = new LinkedHashMap<>();

  /** Bytes that each user's queues may take, for RLIMIT_MSGQUEUE. */
  private final Map<Integer, Long> charged = new HashMap<>();

  private long allBytes;
  private long lastIno = 2;
  private int count;

  /** The size asked for in mq_open. */
  public record Limits(long messages, long size) {}

  /** mq_open(2); {@code limits} null for the defaults. Returns 0 and the file, or an errno. */
  public long open(
      Task t,
      String name,
      int flags,
      int mode,
      @org.jspecify.annotations.Nullable Limits limits,
      FileRef out) {
    long rc = checkName(name);
    if (rc < 0) {
      return rc;
    }
    QueueInode q = byName.get(name);
    if (q == null) {
      if ((flags & Fcntl.O_CREAT) == 0) {
        return -Errno.ENOENT;
      }
      Limits size = limits != null ? limits : new Limits(DEFAULT_MESSAGES, DEFAULT_SIZE);
      rc = mayMake(t, size);
      if (rc < 0) {
        return rc;
      }
      q = make(t, name, mode & 07777 & ~t.fs.umask, size);
    } else {
      int both = Fcntl.O_CREAT | Fcntl.O_EXCL;
      if ((flags & both) == both) {
        return -Errno.EEXIST;
      }
      int access = flags & Fcntl.O_ACCMODE;
      if (access == Fcntl.O_ACCMODE) {
        return -Errno.EINVAL;
      }
      int mask =
          (access != Fcntl.O_WRONLY ? Permissions.READ : 0)
              | (access != Fcntl.O_RDONLY ? Permissions.WRITE : 0);
      rc = Permissions.check(t, q, mask);
      if (rc < 0) {
        return rc;
      }
    }
    out.file = new QueueFile(q, null, flags & (Fcntl.O_ACCMODE | Fcntl.O_NONBLOCK));
    return 0;
  }

  private QueueInode make(Task t, String name, int mode, Limits size) {
    QueueInode q = new QueueInode(t, this, fs, ++lastIno, name, mode, size);
    charge(q.owner, q.cost);
    count++;
    byName.put(name, q);
    return q;
  }

  private static long checkName(String name) {
    if (name.isEmpty()) {
      return -Errno.ENOENT;
    }
    if (name.equals(".") || name.equals("..") || name.indexOf('/') >= 0) {
      return -Errno.EACCES;
    }
    return name.length() > NAME_MAX ? -Errno.ENAMETOOLONG : 0;
  }

  private long mayMake(Task t, Limits size) {
    boolean privileged = t.creds.capable(Capability.CAP_SYS_RESOURCE);
    if (count >= QUEUES_MAX && !privileged) {
      return -Errno.ENOSPC;
    }
    if (size.messages <= 0
        || size.size <= 0
        || size.messages > (privileged ? HARD_MSG_MAX : MSG_MAX)
        || size.size > (privileged ? HARD_MSGSIZE_MAX : MSGSIZE_MAX)) {
      return -Errno.EINVAL;
    }
    long cost = cost(size);
    if (t.group.rlimits.exceeds(
        Resource.RLIMIT_MSGQUEUE, charged.getOrDefault(t.creds.ruid, 0L) + cost)) {
      return -Errno.EMFILE;
    }
    return allBytes + cost > ALL_BYTES ? -Errno.ENOMEM : 0;
  }

  static long cost(Limits size) {
    return size.messages * (MESSAGE_COST + size.size)
        + Math.min(size.messages, PRIORITIES) * PRIORITY_COST;
  }

  private void charge(int uid, long bytes) {
    allBytes += bytes;
    charged.merge(uid, bytes, Long::sum);
    charged.remove(uid, 0L);
  }

  /** mq_unlink(2). */
  public long unlink(Task t, String name) {
    long rc = checkName(name);
    if (rc < 0) {
      return rc;
    }
    QueueInode q = byName.get(name);
    if (q == null) {
      return -Errno.ENOENT;
    }
    // The directory is root's, with the sticky bit.
    if (!Permissions.isOwner(t, q) && t.creds.fsuid != 0) {
      return -Errno.EPERM;
    }
    return remove(name);
  }

  // ---- as files of a directory, where the caller has looked at permissions ----

  /** What is mounted as mqueue. */
  public QueueFs fileSystem() {
    return fs;
  }

  Collection<QueueInode> all() {
    return byName.values();
  }

  long find(String name, InodeRef out) {
    QueueInode q = byName.get(name);
    if (q == null) {
      return -Errno.ENOENT;
    }
    out.inode = q;
    return 0;
  }

  long create(Task t, String name, int mode, InodeRef out) {
    Limits size = new Limits(DEFAULT_MESSAGES, DEFAULT_SIZE);
    long rc = mayMake(t, size);
    if (rc == 0) {
      out.inode = make(t, name, mode & 07777, size);
    }
    return rc;
  }

  long remove(String name) {
    QueueInode q = byName.remove(name);
    if (q == null) {
      return -Errno.ENOENT;
    }
    q.unlinked();
    return 0;
  }

  /** The last name and the last descriptor of a queue have gone. */
  void gone(QueueInode q) {
    count--;
    charge(q.owner, -q.cost);
  }
}

package dev.vivarium.sentry.ipc.mq;

import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryInode;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.Times;

/** The mqueue file system: the queues as files of one directory (mq_overview(7)). */
public final class QueueFs extends FileSystem {
  private static final long DEVICE = 18;
  private static final int STICKY_FOR_ALL = 01777;

  private final PosixQueues queues;
  private final Directory root = new Directory();

  QueueFs(PosixQueues queues) {
    super(DEVICE);
    this.queues = queues;
  }

  @Override
  public String typeName() {
    return "mqueue";
  }

  @Override
  public long magic() {
    return 0x19800202;
  }

  @Override
  public Inode root() {
    return root;
  }

  private final class Directory extends DirectoryInode {
    Directory() {
      super(QueueFs.this, 1, STICKY_FOR_ALL);
      long now = Times.now();
      atimeNanos = now;
      mtimeNanos = now;
      ctimeNanos = now;
    }

    /** Queues come and go by mq_open and mq_unlink, which do not pass here. */
    @Override
    public boolean cachesLookups() {
      return false;
    }

    @Override
    public long lookup(Task t, String name, InodeRef out) {
      return queues.find(name, out);
    }

    @Override
    public long list(Task t, long position, DirSink sink) {
      long at = position;
      // A queue's position is its inode number, of which there is never a second one.
      for (QueueInode q : queues.all()) {
        if (FIRST_ENTRY + q.ino < at) {
          continue;
        }
        long next = FIRST_ENTRY + q.ino + 1;
        if (!sink.add(q.name(), q.ino, next, Stat.DT_REG)) {
          return at;
        }
        at = next;
      }
      return at;
    }

    @Override
    public long create(Task t, String name, int mode, InodeRef out) {
      return queues.create(t, name, mode, out);
    }

    @Override
    public long unlink(Task t, String name, Inode victim) {
      return queues.remove(name);
    }
  }
}

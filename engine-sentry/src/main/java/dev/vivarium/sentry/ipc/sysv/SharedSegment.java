package dev.vivarium.sentry.ipc.sysv;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.ipc.Bytes;
import dev.vivarium.sentry.kernel.Credentials;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Mappable;
import dev.vivarium.sentry.memory.SharedAnonymous;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.Inode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A segment of shared memory. Each shmat makes an {@link Attachment}, which its mappings hold. */
public final class SharedSegment extends IpcObject {
  public static final int SHM_DEST = 01000;
  public static final int SHM_LOCKED = 02000;

  /** Bytes of {@code struct shmid64_ds}. */
  private static final int SIZE = 112;

  private final SysvIpc ipc;
  private final Inode inode;
  private final SharedAnonymous memory;
  private final long size;
  private final int creatorPid;
  private final List<Attachment> attachments = new ArrayList<>();
  private long attachSeconds;
  private long detachSeconds;
  private int lastPid;

  public SharedSegment(Task t, SysvIpc ipc, int key, int mode, long size) {
    super(t.creds, key, mode);
    this.ipc = ipc;
    this.size = size;
    this.creatorPid = t.group.pid();
    this.memory = new SharedAnonymous(t.kernel().memoryFile(), size + 4095 & -4096L);
    String label = String.format(Locale.ROOT, "/SYSV%08x (deleted)", key);
    this.inode =
        t.kernel().anonFileSystems().anonInodes().newInode(t, Stat.S_IFREG | mode & 0777, label);
    inode.size = size;
  }

  public long size() {
    return size;
  }

  /** How many mappings there are of it. */
  public int attached() {
    int sum = 0;
    for (Attachment a : attachments) {
      sum += a.references();
    }
    return sum;
  }

  /** A file to be mapped; the caller holds the one reference. */
  public File attach(Task t, boolean readOnly) {
    attachSeconds = now();
    lastPid = t.group.pid();
    Attachment a = new Attachment(readOnly ? Fcntl.O_RDONLY : Fcntl.O_RDWR);
    attachments.add(a);
    return a;
  }

  /** Whether a mapped file is an attachment of any segment. */
  public static boolean isAttachment(File f) {
    return f instanceof Attachment;
  }

  /** SHM_LOCK and SHM_UNLOCK. */
  public void setLocked(boolean locked) {
    mode = locked ? mode | SHM_LOCKED : mode & ~SHM_LOCKED;
  }

  private void detached(Task t, Attachment a) {
    attachments.remove(a);
    detachSeconds = now();
    lastPid = t.group.pid();
    if ((mode & SHM_DEST) != 0 && attachments.isEmpty()) {
      destroy();
    }
  }

  private void destroy() {
    ipc.segments().remove(this);
    memory.drop();
  }

  @Override
  public String describe() {
    return String.format(
        Locale.ROOT,
        "%10d %10d  %4o %21d %5d %5d  %5d %s %10d %10d %10d %21d %21d",
        key,
        id,
        mode,
        size,
        creatorPid,
        lastPid,
        attached(),
        owners(),
        attachSeconds,
        detachSeconds,
        changeSeconds,
        memory.allocatedBytes(),
        0);
  }

  @Override
  public byte[] encode() {
    byte[] b = new byte[SIZE];
    encodePermissions(b);
    Bytes.putLong(b, 48, size);
    Bytes.putLong(b, 56, attachSeconds);
    Bytes.putLong(b, 64, detachSeconds);
    Bytes.putLong(b, 72, changeSeconds);
    Bytes.putInt(b, 80, creatorPid);
    Bytes.putInt(b, 84, lastPid);
    Bytes.putLong(b, 88, attached());
    return b;
  }

  @Override
  public long set(Credentials c, byte[] from) {
    return setOwner(from);
  }

  @Override
  public void remove(SysvIpc owner) {
    if (attachments.isEmpty()) {
      destroy();
    } else {
      mode |= SHM_DEST;
      owner.segments().forgetKey(this);
    }
  }

  /** One shmat: what its mappings (also copies of fork) have as their file. */
  private final class Attachment extends File {
    Attachment(int flags) {
      super(SharedSegment.this.inode, null, flags);
    }

    @Override
    public Mappable mappable() {
      return memory;
    }

    @Override
    public long sync(Task t) {
      return -Errno.EINVAL;
    }

    @Override
    protected void release(Task t) {
      detached(t, this);
    }
  }
}

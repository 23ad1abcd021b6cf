package dev.vivarium.sentry.gofer;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.VfsPath;
import org.jspecify.annotations.Nullable;

/** A file, link or other non-directory of the host. */
final class GoferInode extends Inode {
  /**
   * How long attributes are believed at most. A link that the host makes elsewhere, and what is
   * then changed through it, the directory of this name is not told.
   */
  private static final long BELIEVED_NANOS = 1_000_000_000;

  /** More than a tick of the clock that file times are of. */
  private static final long FILE_CLOCK_MILLIS = 100;

  /**
   * A larger file of a mount is not kept open: removed by others, it would not go from the disk.
   */
  private static final long KEPT_OPEN_MAX = 1 << 20;

  final Place place;
  private final GoferFs gofer;
  private final long hostIno;
  private final long hostDev;
  private String target = "";

  /** The descriptor for reading, shared by all open files; -1 if there is none at present. */
  private int readFd = -1;

  /** One for writing, and for reading if {@link #writeFdReads}; -1 if there is none. */
  private int writeFd = -1;

  private boolean writeFdReads;

  /** Helper threads that use {@link #readFd} just now. */
  private int pins;

  private @Nullable PageCache cache;

  /** When the host last said what its attributes are; see {@link GoferFs#isFresh}. */
  private long saidNanos;

  /** Whether the clock of file times had gone on since the last change when it said so. */
  private boolean settled;

  /** The listing that its attributes were last taken from. */
  private @Nullable WatchedDirectory toldBy;

  /** Whether it was read here since the host last said what its attributes are. */
  private boolean readHere;

  GoferInode(GoferFs gofer, Place place, Attributes a) {
    super(gofer, gofer.numberOf(a.dev(), a.ino()), a.mode());
    this.gofer = gofer;
    this.place = place;
    this.hostIno = a.ino();
    this.hostDev = a.dev();
  }

  GoferFs gofer() {
    return gofer;
  }

  void setTarget(String newTarget) {
    target = newTarget;
  }

  /** Takes over what the host says; contents kept of a file that others changed are forgotten. */
  void refresh(Attributes a) {
    PageCache c = cache;
    if (c != null && (mtimeNanos != a.mtimeNanos() || size != a.size()) && !c.takeOwnChange()) {
      c.clear();
    }
    a.applyTo(this);
    readHere = false;
    settled = System.currentTimeMillis() - ctimeNanos / 1_000_000 >= FILE_CLOCK_MILLIS;
    saidNanos = gofer.immutable ? 0 : System.nanoTime();
  }

  /** Takes over what its entry in a listing says, unless it has been told already. */
  void believe(WatchedDirectory w, Attributes a) {
    if (toldBy != w) {
      refresh(a);
      saidNanos = w.madeNanos;
      toldBy = w;
    }
  }

  /** The guest has changed it: only the host knows what that made of its attributes. */
  void changedHere() {
    saidNanos = 0;
    gofer.changedHere();
  }

  /** The guest has read it, which no event tells. */
  void readHere() {
    readHere = true;
  }

  // ---- attributes ----

  private boolean isFresh() {
    return GoferFs.isFresh(saidNanos);
  }

  @Override
  public boolean wasJustFoundAt(Inode directory, String name) {
    return nlink == 1
        && place.parent == directory
        && place.name.equals(name)
        && (isFresh() || place.stands(this, hostDev, hostIno));
  }

  @Override
  public long getattr(Task t) {
    if (gofer.immutable || nlink == 0 || isFresh() || isKnown() || isUnchangedOnHost()) {
      return 0;
    }
    Reply r = gofer.call(t, new Request(Wire.WALK).at(place.address()));
    if (r.error() == 0 && r.node().ino() == hostIno && r.node().dev() == hostDev) {
      refresh(r.node());
      return 0;
    }
    // Its name is gone or another file's: what is known of an open file must do.
    return opens() > 0 ? 0 : r.error() != 0 ? r.error() : -Errno.ESTALE;
  }

  /** Whether its attributes are as the host has them, without asking. */
  private boolean isKnown() {
    GoferDirectory directory = place.parent;
    WatchedDirectory w = directory == null || readHere ? null : directory.watched();
    if (w == null || !place.stands(this, hostDev, hostIno)) {
      return false;
    }
    if (w.learned != this) {
      believe(w, w.listing.attributes(w.index));
    }
    return saidNanos != 0 && System.nanoTime() - saidNanos < BELIEVED_NANOS;
  }

  /**
   * Whether a descriptor shows that there is nothing new to ask for: any change changes ctime, but
   * for one in the same tick as the change that was seen last.
   */
  private boolean isUnchangedOnHost() {
    int fd = readFd >= 0 ? readFd : writeFd;
    if (fd < 0
        || saidNanos == 0
        || !settled
        || gofer.mayHang()
        || !gofer.stat.read(fd)
        || gofer.stat.ctimeNanos() != ctimeNanos) {
      return false;
    }
    atimeNanos = gofer.stat.atimeNanos();
    saidNanos = System.nanoTime();
    return true;
  }

  static Request setattrRequest(GoferClient.Address address, AttrChange change) {
    Request q = new Request(Wire.SETATTR).at(address);
    q.flags = change.set;
    q.mode = change.mode;
    q.uid = change.uid;
    q.gid = change.gid;
    q.offset = change.size;
    q.atimeNanos = change.atimeNanos;
    q.mtimeNanos = change.mtimeNanos;
    return q;
  }

  @Override
  public long setattr(Task t, AttrChange change) {
    changedHere();
    PageCache c = cache;
    if (c != null && (change.set & (AttrChange.SIZE | AttrChange.MTIME)) != 0) {
      c.beginOwnChange(t);
    }
    if (nlink == 0 && (change.set & ~AttrChange.SIZE) == 0 && writeFd >= 0) {
      int fd = writeFd;
      long n = onHost(t, () -> Libc.ftruncate(fd, change.size));
      if (n < 0) {
        return n;
      }
      size = change.size;
    } else {
      Reply r = gofer.call(t, setattrRequest(place.address(), change));
      if (r.error() != 0) {
        return r.error();
      }
      r.node().applyTo(this);
    }
    if (c != null && (change.set & AttrChange.SIZE) != 0) {
      c.truncate(t, change.size);
    }
    return 0;
  }

  @Override
  public @Nullable String readlink(Task t) {
    return isSymlink() ? target : null;
  }

  // ---- opening ----

  @Override
  public long open(Task t, VfsPath path, int flags, FileRef out) {
    if (!isRegular()) {
      return isSymlink() ? -Errno.ELOOP : -Errno.ENXIO;
    }
    boolean write = (flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY;
    boolean read = (flags & Fcntl.O_ACCMODE) != Fcntl.O_WRONLY;
    long r = write ? openForWriting(t, read) : readDescriptor(t);
    if (r < 0) {
      return r;
    }
    if (write && read && !writeFdReads) {
      r = readDescriptor(t);
      if (r < 0) {
        return r;
      }
    }
    if (!gofer.immutable) {
      // What it has open may lose its name: no longer to be closed for want of descriptors.
      gofer.descriptorKept(this);
    }
    out.file = new GoferFile(this, path, flags);
    return 0;
  }

  private long openForWriting(Task t, boolean read) {
    if (writeFd >= 0) {
      return 0;
    }
    Reply r = openOnHost(t, Fcntl.O_RDWR);
    writeFdReads = true;
    if (r.error() == -Errno.EACCES && !read) {
      r = openOnHost(t, Fcntl.O_WRONLY);
      writeFdReads = false;
    }
    if (r.error() != 0) {
      return r.error();
    }
    writeFd = r.fd();
    return 0;
  }

  private Reply openOnHost(Task t, int flags) {
    Request q = new Request(Wire.OPEN).at(place.address());
    q.flags = flags;
    GoferDirectory directory = place.parent;
    OpenAhead ahead =
        flags == Fcntl.O_RDONLY && directory != null
            ? directory.openAhead(place.name)
            : OpenAhead.NOTHING;
    q.name2 = ahead.names();
    Reply r = gofer.call(t, q);
    if (directory != null) {
      ahead.take(gofer, directory, r);
    }
    if (r.error() == 0 && r.fd() < 0) {
      return Reply.failed(-Errno.EMFILE);
    }
    if (r.error() == 0 && (r.node().ino() != hostIno || r.node().dev() != hostDev)) {
      GoferFs.closeDescriptor(r.fd());
      return Reply.failed(-Errno.ESTALE);
    }
    if (r.error() == 0) {
      refresh(r.node());
    }
    return r;
  }

  /** A descriptor that can be read from, opened if there is none; or a negative errno. */
  int readDescriptor(Task t) {
    if (writeFd >= 0 && writeFdReads) {
      return writeFd;
    }
    if (readFd < 0) {
      Reply r = openOnHost(t, Fcntl.O_RDONLY);
      if (r.error() != 0) {
        return r.error();
      }
      readFd = r.fd();
    }
    if (gofer.immutable) {
      gofer.descriptorUsed(this);
    }
    return readFd;
  }

  /** Takes a descriptor for reading that came before anybody asked; closes it if it has one. */
  void adoptAhead(int fd) {
    if (readFd >= 0 || !isRegular()) {
      GoferFs.closeDescriptor(fd);
      return;
    }
    readFd = fd;
    gofer.descriptorUsed(this);
  }

  /** Closes the descriptor that no open file uses. */
  void dropAhead() {
    if (readFd >= 0 && opens() == 0 && dropDescriptor()) {
      gofer.descriptorKept(this);
    }
  }

  /** Whether it can be read without asking the gofer. */
  boolean hasDescriptor() {
    return readFd >= 0;
  }

  /** A descriptor that can be written to; -EBADF if it is not open for writing. */
  int writeDescriptor() {
    return writeFd >= 0 ? writeFd : -Errno.EBADF;
  }

  /** Takes the descriptor that came with the file's creation. */
  void adopt(int fd) {
    if (fd >= 0 && writeFd < 0) {
      writeFd = fd;
      writeFdReads = true;
    } else {
      GoferFs.closeDescriptor(fd);
    }
  }

  /** Runs a call on a helper thread, during which the descriptors stay. */
  long onHelper(Task t, Task.HostCall call) {
    if (t.context == null) {
      // The kernel's own task, which has no guest, starts the sandbox and may as well wait.
      return call.call();
    }
    pins++;
    try {
      return t.offload(call);
    } finally {
      pins--;
    }
  }

  /** Runs a call on the kernel thread, or on a helper thread if the host may let it wait. */
  long onHost(Task t, Task.HostCall call) {
    return gofer.mayHang() ? onHelper(t, call) : call.call();
  }

  /** Closes the kept descriptor; false if it is in use. */
  boolean dropDescriptor() {
    if (pins > 0) {
      return false;
    }
    GoferFs.closeDescriptor(readFd);
    readFd = -1;
    return true;
  }

  @Override
  protected void lastClose(Task t) {
    if (gofer.immutable) {
      return;
    }
    PageCache c = cache;
    if (c != null) {
      c.writeBackAll(t);
    }
    GoferFs.closeDescriptor(writeFd);
    writeFd = -1;
    if (readFd >= 0 && size <= KEPT_OPEN_MAX && place.stands(this, hostDev, hostIno)) {
      gofer.descriptorUsed(this);
    } else {
      GoferFs.closeDescriptor(readFd);
      readFd = -1;
    }
  }

  /** One of its names is gone. */
  void unlinked() {
    changedHere();
    if (nlink == 0 && opens() == 0) {
      GoferFs.closeDescriptor(writeFd);
      writeFd = -1;
      if (dropDescriptor()) {
        gofer.descriptorKept(this);
      }
    }
    evictIfUnused();
  }

  @Override
  public void evict() {
    PageCache c = cache;
    if (c != null) {
      c.clear();
      gofer.forget(c);
    }
  }

  // ---- contents ----

  /** Its contents in guest memory, for mappings. */
  PageCache cache() {
    PageCache c = cache;
    if (c == null) {
      c = new PageCache(this);
      cache = c;
    }
    gofer.cacheUsed(c);
    return c;
  }

  @Nullable PageCache existingCache() {
    return cache;
  }
}

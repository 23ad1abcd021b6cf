package dev.vivarium.sentry.gofer;

import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.vfs.AttrChange;
import dev.vivarium.sentry.vfs.DirSink;
import dev.vivarium.sentry.vfs.DirectoryInode;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A directory of the host. */
final class GoferDirectory extends DirectoryInode {
  /** After so many names were asked for one by one, the whole directory is fetched. */
  private static final int LOOKUPS_BEFORE_LISTING = 12;

  /**
   * The same in a mount, where a listing is good until others change something; and so many lookups
   * are worth one reply of a listing.
   */
  private static final int LOOKUPS_BEFORE_WATCHING = 4;

  private static final int AT_REMOVEDIR = 0x200;

  /** How many files are opened along with the first one of a directory. */
  private static final int AHEAD_FIRST = 16;

  /** How many are opened along when another file is followed by the one behind it. */
  private static final int AHEAD_MIN = 4;

  final Place place;
  private final GoferFs gofer;
  private int handle;
  private int uses;
  private int lookups;
  private int lookupsBeforeWatching = LOOKUPS_BEFORE_WATCHING;

  /** Whether a guest has listed it. */
  private boolean listed;

  /** The file that is opened next if a guest goes through the directory, as a listing's index. */
  private int nextOpened = -1;

  /** How many files were opened ahead the last time. */
  private int openedAhead;

  /** When the host last said what its attributes are; see {@link GoferFs#isFresh}. */
  private long saidNanos;

  /** Who last said what its attributes are, if it was not the host itself. */
  private @Nullable WatchedDirectory toldBy;

  final long hostDev;
  final long hostIno;

  /** What open files of a changing directory go through: entries by position. */
  private @Nullable TreeMap<Long, Entry> positions;

  private @Nullable Map<String, Entry> positionsByName;

  /** The listing that they are of. */
  private @Nullable DirListing placed;

  private long lastPosition = FIRST_ENTRY - 1;

  private record Entry(String name, long ino, int type, long position) {}

  GoferDirectory(GoferFs gofer, Place place, Attributes a) {
    super(gofer, gofer.numberOf(a.dev(), a.ino()), a.mode() & 07777);
    this.gofer = gofer;
    this.place = place;
    this.hostDev = a.dev();
    this.hostIno = a.ino();
  }

  private static int typeOf(int mode) {
    return (mode & Stat.S_IFMT) >> 12;
  }

  // ---- how the gofer is told ----

  int handle() {
    return handle;
  }

  void setHandle(int h) {
    handle = h;
  }

  void dropHandle() {
    Request q = new Request(Wire.CLOSE);
    q.handle = handle;
    handle = 0;
    gofer.client.call(q);
  }

  /** The address of a name in this directory; one that is used again and again gets a handle. */
  GoferClient.Address below(String name) {
    if (handle == 0 && ++uses > 2) {
      Request q = new Request(Wire.WALK).at(place.address());
      q.flags = Wire.WALK_HANDLE;
      Reply r = gofer.client.call(q);
      if (r.error() == 0) {
        handle = r.handle();
      }
    }
    if (handle != 0) {
      gofer.handleUsed(this);
      return new GoferClient.Address(handle, name);
    }
    GoferClient.Address above = place.address();
    return new GoferClient.Address(
        above.handle(), above.path().isEmpty() ? name : above.path() + "/" + name);
  }

  private GoferClient.Address self() {
    return handle != 0 ? new GoferClient.Address(handle, "") : place.address();
  }

  // ---- looking ----

  /** Takes over what the host says. */
  void refresh(Attributes a) {
    a.applyTo(this);
    saidNanos = gofer.immutable ? 0 : System.nanoTime();
  }

  /** Takes over what its entry in a listing says, if it knows nothing better. */
  void believe(Attributes a) {
    if (saidNanos == 0 && toldBy == null) {
      a.applyTo(this);
    }
  }

  /** What is known of it; null if the host does not tell of changes. */
  @Nullable WatchedDirectory watched() {
    return gofer.watched(this);
  }

  private boolean isFresh() {
    return GoferFs.isFresh(saidNanos);
  }

  @Override
  public boolean wasJustFoundAt(Inode directory, String name) {
    return place.parent == directory
        && place.name.equals(name)
        && (isFresh() || place.stands(this, hostDev, hostIno));
  }

  @Override
  public long getattr(Task t) {
    return gofer.immutable || isFresh() || knowsItself() ? 0 : ask(t);
  }

  private boolean knowsItself() {
    WatchedDirectory w = gofer.watched(this);
    if (w == null || !w.knowsItself()) {
      return false;
    }
    if (toldBy != w) {
      toldBy = w;
      w.self().applyTo(this);
    }
    return true;
  }

  private long ask(Task t) {
    // Whatever changes after this look, during the question too, is an event of the next look.
    WatchedDirectory w = gofer.watched(this);
    Reply r = gofer.call(t, new Request(Wire.WALK).at(self()));
    if (r.error() == 0 && (r.node().mode() & Stat.S_IFMT) == Stat.S_IFDIR) {
      refresh(r.node());
      toldBy = w;
      if (w != null && r.node().ino() == hostIno && r.node().dev() == hostDev) {
        w.learnItself(r.node());
      }
    }
    return r.error();
  }

  /** The guest has changed it: only the host knows what that made of its attributes. */
  private void changedHere() {
    saidNanos = 0;
  }

  @Override
  public boolean cachesLookups() {
    return gofer.immutable;
  }

  @Override
  public long lookup(Task t, String name, InodeRef out) {
    if (gofer.immutable) {
      DirListing listing = gofer.listing(this);
      if (listing == null && ++lookups > LOOKUPS_BEFORE_LISTING) {
        lookups = 0;
        listing = fetch(t, false, Integer.MAX_VALUE, new int[1]);
        if (listing != null) {
          gofer.keepListing(this, listing);
        }
      }
      if (listing != null) {
        return lookup(listing, name, out);
      }
    }
    WatchedDirectory w = gofer.immutable ? null : watched(t);
    if (w != null) {
      switch (w.find(name)) {
        case ABSENT -> {
          return -Errno.ENOENT;
        }
        case LISTED -> {
          out.inode = gofer.listedInode(w, this, name);
          return 0;
        }
        case LEARNED -> {
          out.inode = w.learned;
          return 0;
        }
        case NO -> {}
      }
    }
    Request q = new Request(Wire.WALK).at(below(name));
    q.flags = t.opensForReading ? Wire.WALK_OPEN : 0;
    Reply r = gofer.call(t, q);
    if (r.error() != 0) {
      if (w != null && r.error() == -Errno.ENOENT) {
        w.learn(name, null);
      }
      return r.error();
    }
    out.inode = gofer.inode(r.node(), this, name, GoferFs.targetOf(r));
    if (w != null) {
      w.learn(name, out.inode);
    }
    if (r.fd() >= 0) {
      if (out.inode instanceof GoferInode inode) {
        inode.adoptAhead(r.fd());
      } else {
        GoferFs.closeDescriptor(r.fd());
      }
    }
    return 0;
  }

  /** What is known of a mount's directory; fetched when enough names were asked for one by one. */
  private @Nullable WatchedDirectory watched(Task t) {
    WatchedDirectory w = gofer.watched(this);
    if (w != null || !gofer.canWatch() || ++lookups < lookupsBeforeWatching) {
      return w;
    }
    GoferDirectory above = place.parent;
    boolean deep = above != null && gofer.watched(above) != null;
    fetch(t, deep, lookups / LOOKUPS_BEFORE_WATCHING, new int[1]);
    lookups = 0;
    w = gofer.watched(this);
    // What is too large to be listed for so few names, or cannot be watched, may take more of them.
    lookupsBeforeWatching =
        w != null ? LOOKUPS_BEFORE_WATCHING : (int) Math.min(4L * lookupsBeforeWatching, 1 << 20);
    return w;
  }

  private long lookup(DirListing listing, String name, InodeRef out) {
    int index = listing.find(name);
    if (index < 0) {
      return -Errno.ENOENT;
    }
    if ((listing.mode(index) & 07777) == 0 && listing.attributes(index).nlink() == 0) {
      return -Errno.EACCES;
    }
    out.inode = gofer.inode(listing.attributes(index), this, name, listing.target(index));
    return 0;
  }

  /**
   * Fetches all entries, and keeps them if the host tells of changes; null and the error if that
   * fails or takes more than so many replies.
   */
  private @Nullable DirListing fetch(Task t, boolean deep, int maxReplies, int[] error) {
    DirListing listing = new DirListing(16);
    Attributes self = null;
    int watch = 0;
    long cookie = 0;
    for (int replies = 0; replies < maxReplies; replies++) {
      Request q = new Request(Wire.READDIR).at(self());
      q.offset = cookie;
      q.flags =
          (deep ? Wire.READDIR_DEEP : 0)
              | (self == null && gofer.canWatch() ? Wire.READDIR_WATCH : 0);
      Reply r = gofer.call(t, q);
      if (self == null) {
        self = r.node();
        watch = r.handle();
      }
      int end = r.error() != 0 ? -1 : listing.add(r.payload(), 0, r.payload().length, r.count());
      if (end < 0) {
        error[0] = r.error() != 0 ? r.error() : -Errno.EIO;
        break;
      }
      if (deep) {
        gofer.keepBelow(r.payload(), end);
      }
      cookie = r.value();
      if (cookie == 0) {
        keep(self, watch, listing);
        return listing;
      }
      if (r.count() == 0) {
        error[0] = -Errno.EIO;
        break;
      }
    }
    gofer.dropWatch(watch);
    return null;
  }

  private void keep(Attributes self, int watch, DirListing listing) {
    if (watch != 0 && self.dev() == hostDev && self.ino() == hostIno) {
      toldBy = gofer.keepWatched(self, watch, listing);
      refresh(self);
    } else {
      gofer.dropWatch(watch);
    }
  }

  /**
   * What to open together with a file because it is likely to be asked for next: who has listed a
   * directory and opens its first file opens the others in the same order ({@code grep -r}, {@code
   * tar}).
   */
  OpenAhead openAhead(String name) {
    DirListing listing = listed ? listing() : null;
    int index = listing == null ? -1 : listing.find(name);
    if (listing == null || index < 0) {
      return OpenAhead.NOTHING;
    }
    boolean first = index == OpenAhead.nextFile(listing, 0);
    boolean inOrder = first || index == nextOpened;
    openedAhead =
        inOrder ? Math.clamp(2L * openedAhead, first ? AHEAD_FIRST : AHEAD_MIN, Wire.MAX_AHEAD) : 0;
    OpenAhead ahead = OpenAhead.after(listing, index, openedAhead);
    nextOpened = ahead.next();
    return ahead;
  }

  /** A listing that is likely to be true. */
  private @Nullable DirListing listing() {
    if (gofer.immutable) {
      return gofer.listing(this);
    }
    WatchedDirectory w = gofer.watched(this);
    return w == null ? null : w.listing;
  }

  @Override
  public long list(Task t, long position, DirSink sink) {
    return gofer.immutable ? listImmutable(t, position, sink) : listChanging(t, position, sink);
  }

  private long listImmutable(Task t, long position, DirSink sink) {
    DirListing listing = gofer.listing(this);
    listed = true;
    if (listing == null) {
      // Whoever lists a directory in a directory that was listed walks a tree.
      GoferDirectory above = place.parent;
      int[] error = new int[1];
      listing = fetch(t, above != null && above.listed, Integer.MAX_VALUE, error);
      if (listing == null) {
        return error[0];
      }
      gofer.keepListing(this, listing);
    }
    long at = position;
    for (; at - FIRST_ENTRY < listing.count(); at++) {
      int i = (int) (at - FIRST_ENTRY);
      long number = gofer.numberOf(listing.dev(i), listing.ino(i));
      if (!sink.add(listing.name(i), number, at + 1, typeOf(listing.mode(i)))) {
        break;
      }
    }
    return at;
  }

  /** Entries keep their position while others come and go; the beginning looks anew. */
  private long listChanging(Task t, long position, DirSink sink) {
    TreeMap<Long, Entry> entries = positions;
    if (entries == null || position == FIRST_ENTRY) {
      WatchedDirectory w = gofer.watched(this);
      DirListing listing = w != null && w.isComplete() ? w.listing : null;
      if (listing == null) {
        GoferDirectory above = place.parent;
        int[] error = new int[1];
        listing =
            fetch(t, gofer.canWatch() && above != null && above.listed, Integer.MAX_VALUE, error);
        if (listing == null) {
          return error[0];
        }
      }
      listed = true;
      entries = listing == placed && entries != null ? entries : place(listing);
    }
    long next = position;
    for (Entry e : entries.tailMap(position).values()) {
      if (!sink.add(e.name, e.ino, e.position + 1, e.type)) {
        return e.position;
      }
      next = e.position + 1;
    }
    return next;
  }

  private TreeMap<Long, Entry> place(DirListing listing) {
    Map<String, Entry> old = positionsByName;
    Map<String, Entry> byName = new HashMap<>();
    TreeMap<Long, Entry> byPosition = new TreeMap<>();
    for (int i = 0; i < listing.count(); i++) {
      String name = listing.name(i);
      Entry before = old == null ? null : old.get(name);
      long position = before == null ? ++lastPosition : before.position;
      long number = gofer.numberOf(listing.dev(i), listing.ino(i));
      Entry e = new Entry(name, number, typeOf(listing.mode(i)), position);
      byName.put(name, e);
      byPosition.put(position, e);
    }
    positions = byPosition;
    positionsByName = byName;
    placed = listing;
    return byPosition;
  }

  // ---- changing ----

  @Override
  public long setattr(Task t, AttrChange change) {
    Reply r = gofer.call(t, GoferInode.setattrRequest(place.address(), change));
    if (r.error() == 0) {
      r.node().applyTo(this);
    }
    return r.error();
  }

  private Request make(Task t, int op, String name, int mode) {
    Request q = new Request(op).at(below(name));
    q.mode = mode & 07777;
    q.uid = t.creds.fsuid;
    q.gid = t.creds.fsgid;
    return q;
  }

  private long made(Reply r, String name, String target, InodeRef out) {
    if (r.error() == 0) {
      out.inode = gofer.inode(r.node(), this, name, target);
      changedHere();
    }
    return r.error();
  }

  @Override
  public long create(Task t, String name, int mode, InodeRef out) {
    Request q = make(t, Wire.CREATE, name, mode);
    q.flags = Fcntl.O_RDWR;
    Reply r = gofer.call(t, q);
    long result = made(r, name, "", out);
    if (result == 0 && out.inode instanceof GoferInode i) {
      i.adopt(r.fd());
    } else {
      GoferFs.closeDescriptor(r.fd());
    }
    return result;
  }

  @Override
  public long mkdir(Task t, String name, int mode, InodeRef out) {
    return made(gofer.call(t, make(t, Wire.MKDIR, name, mode)), name, "", out);
  }

  @Override
  public long mknod(Task t, String name, int mode, long rdev, InodeRef out) {
    int type = mode & Stat.S_IFMT;
    if (gofer.whole && (type == Stat.S_IFIFO || type == Stat.S_IFSOCK)) {
      Request q = make(t, Wire.MKNOD, name, mode);
      q.mode = mode;
      return made(gofer.call(t, q), name, "", out);
    }
    // Devices, and in a mount fifos and sockets too, are not for guests to make.
    return type == Stat.S_IFREG || type == 0 ? create(t, name, mode, out) : -Errno.EPERM;
  }

  @Override
  public long symlink(Task t, String name, String target, InodeRef out) {
    Request q = make(t, Wire.SYMLINK, name, 0777);
    q.name2 = target;
    return made(gofer.call(t, q), name, target, out);
  }

  @Override
  public long link(Task t, String name, Inode target) {
    if (!(target instanceof GoferInode i)) {
      return -Errno.EPERM;
    }
    Reply r = gofer.call(t, new Request(Wire.LINK).at(below(name)).with(i.place.address()));
    if (r.error() == 0) {
      i.refresh(r.node());
      i.place.hasChanged();
      changedHere();
    }
    return r.error();
  }

  @Override
  public long unlink(Task t, String name, Inode victim) {
    Reply r = gofer.call(t, new Request(Wire.UNLINK).at(below(name)));
    if (r.error() == 0) {
      changedHere();
      victim.nlink--;
      if (victim instanceof GoferInode i) {
        i.unlinked();
      }
    }
    return r.error();
  }

  @Override
  public long rmdir(Task t, String name, Inode victim) {
    Request q = new Request(Wire.UNLINK).at(below(name));
    q.flags = AT_REMOVEDIR;
    Reply r = gofer.call(t, q);
    if (r.error() == 0) {
      changedHere();
      victim.nlink = 0;
    }
    return r.error();
  }

  @Override
  public long rename(
      Task t,
      String name,
      Inode moved,
      Inode newDir,
      String newName,
      @Nullable Inode replaced,
      int flags) {
    if (!(newDir instanceof GoferDirectory to)) {
      return -Errno.EXDEV;
    }
    Request q = new Request(Wire.RENAME).at(below(name)).with(to.below(newName));
    q.flags = flags;
    Reply r = gofer.call(t, q);
    if (r.error() != 0) {
      return r.error();
    }
    move(moved, to, newName);
    if (replaced != null) {
      if ((flags & Fcntl.RENAME_EXCHANGE) != 0) {
        move(replaced, this, name);
      } else {
        replaced.nlink = replaced.isDirectory() ? 0 : replaced.nlink - 1;
        if (replaced instanceof GoferInode i) {
          i.unlinked();
        }
      }
    }
    changedHere();
    to.changedHere();
    return 0;
  }

  private static void move(Inode inode, GoferDirectory to, String name) {
    if (inode instanceof GoferDirectory d) {
      d.place.set(to, name);
    } else if (inode instanceof GoferInode i) {
      i.place.set(to, name);
    }
  }

  /** Has the host write the directory itself to its disk. */
  long sync(Task t) {
    return gofer.immutable ? 0 : gofer.call(t, new Request(Wire.FSYNC).at(self())).error();
  }
}

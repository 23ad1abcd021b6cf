package dev.vivarium.sentry.gofer;

import dev.vivarium.engine.memory.Fields;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.host.Libc;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.MemoryFile;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One root of a gofer as a file system.
 *
 * <p>The host image is immutable for the run: everything that was once learned is believed, whole
 * directories at a time. In a bind mount others may be at work too: what is known of a directory is
 * believed where the host tells of changes ({@link HostWatches}), and names and attributes are
 * asked for each time elsewhere.
 *
 * <p>Requests are made on the kernel thread where the host's file system is a local one: they take
 * some 10 µs, handing them to a helper thread several times that. Where it may hang (a network file
 * system) they go to a helper thread.
 */
public final class GoferFs extends FileSystem {
  private static final int LISTINGS_MAX_BYTES = 16 << 20;
  private static final int HANDLES_MAX = 1024;
  private static final int DESCRIPTORS_MAX = 512;

  private static final long FRESH_NANOS = 250_000;

  /** Contents of mapped files in guest memory; what nobody maps goes when there is more. */
  private static final long CACHE_MAX_BYTES = 512L << 20;

  final GoferClient client;
  final MemoryFile memory;
  final boolean immutable;
  final HostReads reads = new HostReads();
  final HostStat stat = new HostStat();
  private final boolean writable;

  /** Whether FIFOs and the names of sockets may be made in it. */
  final boolean whole;

  private final boolean mayHang;
  private final long hostType;
  private final Inode root;

  /**
   * With methods of its own, as all keys here: those that a record gets are made when first called,
   * in every sandbox (decision 0041).
   */
  private record Key(long dev, long ino, int type) {
    @Override
    public int hashCode() {
      return Long.hashCode(dev * 31 + ino) * 31 + type;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key k && k.dev == dev && k.ino == ino && k.type == type;
    }
  }

  private record DirectoryKey(long dev, long ino) {
    @Override
    public int hashCode() {
      return Long.hashCode(dev * 31 + ino);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof DirectoryKey k && k.dev == dev && k.ino == ino;
    }
  }

  private static final class Ref extends WeakReference<Inode> {
    final Key key;

    Ref(Inode inode, Key key, ReferenceQueue<Inode> queue) {
      super(inode, queue);
      this.key = key;
    }
  }

  private final Map<Key, Ref> inodes = new HashMap<>();
  private final ReferenceQueue<Inode> collected = new ReferenceQueue<>();
  private final Map<Long, Integer> deviceNumbers = new HashMap<>();

  private final Map<GoferDirectory, Boolean> withHandle = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<DirectoryKey, DirListing> listings = new LinkedHashMap<>(16, 0.75f, true);
  private int listingBytes;
  private final Map<DirectoryKey, WatchedDirectory> watched = new LinkedHashMap<>(16, 0.75f, true);
  private int watchedBytes;
  private final Map<GoferInode, Boolean> withDescriptor = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<PageCache, Boolean> caches = new LinkedHashMap<>(16, 0.75f, true);
  private long cachedBytes;

  private GoferFs(
      GoferClient client,
      GoferRoot kind,
      int number,
      long dev,
      MemoryFile memory,
      Reply found,
      long hostType) {
    super(dev);
    this.client = client;
    this.memory = memory;
    this.immutable = kind instanceof GoferRoot.Host;
    this.writable = kind.isWritable();
    this.whole = kind instanceof GoferRoot.Tree;
    this.hostType = hostType;
    this.mayHang = HostFileSystems.mayHang(hostType);
    this.root = inode(found.node(), null, Integer.toString(number), "");
  }

  /**
   * Opens a root.
   *
   * @param number which of the roots the client was started with
   * @param dev st_dev for its files
   */
  public static GoferFs open(
      GoferClient client, GoferRoot kind, int number, long dev, MemoryFile memory)
      throws GoferException {
    Request walk = new Request(Wire.WALK);
    walk.name = Integer.toString(number);
    walk.flags = Wire.WALK_HANDLE;
    Reply found = client.call(walk);
    if (found.error() != 0) {
      throw new GoferException(
          "cannot open " + kind.argument() + ": " + Errno.name(-found.error()));
    }
    long type = 0;
    if (found.handle() != 0) {
      Request statfs = new Request(Wire.STATFS);
      statfs.handle = found.handle();
      Reply r = client.call(statfs);
      if (r.error() == 0 && r.payload().length >= 8) {
        type = Fields.getLong(r.payload(), 0);
      }
    }
    GoferFs fs = new GoferFs(client, kind, number, dev, memory, found, type);
    if (fs.root instanceof GoferDirectory d) {
      d.setHandle(found.handle());
    }
    return fs;
  }

  @Override
  public String typeName() {
    return "gofer";
  }

  @Override
  public long magic() {
    return hostType != 0 ? hostType : 0x01021997;
  }

  @Override
  public Inode root() {
    return root;
  }

  @Override
  public boolean isReadOnly() {
    return !writable;
  }

  @Override
  public long statfs(Task t, Statfs out) {
    if (!(root instanceof GoferDirectory d)) {
      return 0;
    }
    Request q = new Request(Wire.STATFS);
    q.handle = d.handle();
    Reply r = call(t, q);
    if (r.error() != 0 || r.payload().length < 72) {
      return r.error() != 0 ? r.error() : -Errno.EIO;
    }
    byte[] s = r.payload();
    out.blockSize = Fields.getLong(s, 8);
    out.blocks = Fields.getLong(s, 16);
    out.blocksFree = Fields.getLong(s, 24);
    out.blocksAvailable = Fields.getLong(s, 32);
    out.files = Fields.getLong(s, 40);
    out.filesFree = Fields.getLong(s, 48);
    out.fragmentSize = Fields.getLong(s, 64);
    return 0;
  }

  /** Makes a request on behalf of a task. */
  Reply call(@Nullable Task t, Request q) {
    // The kernel's own task, which has no guest, starts the sandbox and may as well wait.
    if (!mayHang || t == null || t.context == null) {
      Reply r = client.call(q);
      if (q.op >= Wire.CREATE) {
        changedHere();
      }
      return r;
    }
    Reply[] reply = {Reply.failed(-Errno.EIO)};
    t.offload(() -> {
      reply[0] = client.call(q);
      return 0;
    });
    return reply[0];
  }

  /** The guest has changed something: what the host tells of it is to be looked at. */
  void changedHere() {
    HostWatches watches = client.watches();
    if (watches != null) {
      watches.changedHere();
    }
  }

  /** Whether host calls for files of this file system may take long even if nothing is read. */
  boolean mayHang() {
    return mayHang;
  }

  /**
   * In a mount: whether what the host said then still holds well enough. A call looks a file up,
   * asks for its attributes and opens it within this time, for which one answer must do; that
   * somebody on the host changes it in between can be seen by nobody.
   */
  static boolean isFresh(long saidNanos) {
    return saidNanos != 0 && System.nanoTime() - saidNanos < FRESH_NANOS;
  }

  // ---- inodes ----

  /** The inode of what was found, always the same one while somebody uses it. */
  Inode inode(Attributes a, @Nullable GoferDirectory parent, String name, String target) {
    Inode inode = place(a, parent, name);
    if (inode instanceof GoferInode i) {
      i.refresh(a);
      if (i.isSymlink()) {
        i.setTarget(target);
      }
    } else if (inode instanceof GoferDirectory d) {
      d.refresh(a);
    }
    return inode;
  }

  /** The inode of an entry that {@link WatchedDirectory#find} has just found as it was listed. */
  Inode listedInode(WatchedDirectory w, GoferDirectory parent, String name) {
    Attributes a = w.listing.attributes(w.index);
    Inode inode = place(a, parent, name);
    if (inode instanceof GoferInode i) {
      i.believe(w, a);
      if (i.isSymlink()) {
        i.setTarget(w.listing.target(w.index));
      }
    } else if (inode instanceof GoferDirectory d) {
      d.believe(a);
    }
    return inode;
  }

  /** The inode of these attributes if somebody uses it. */
  @Nullable Inode known(Attributes a) {
    Ref known = inodes.get(new Key(a.dev(), a.ino(), a.mode() & Stat.S_IFMT));
    return known == null ? null : known.get();
  }

  private Inode place(Attributes a, @Nullable GoferDirectory parent, String name) {
    for (Object gone; (gone = collected.poll()) != null; ) {
      Ref ref = (Ref) gone;
      inodes.remove(ref.key, ref);
    }
    Key key = new Key(a.dev(), a.ino(), a.mode() & Stat.S_IFMT);
    Ref known = inodes.get(key);
    Inode inode = known == null ? null : known.get();
    if (inode == null) {
      Place place = new Place(parent, name);
      inode =
          (a.mode() & Stat.S_IFMT) == Stat.S_IFDIR
              ? new GoferDirectory(this, place, a)
              : new GoferInode(this, place, a);
      inodes.put(key, new Ref(inode, key, collected));
    } else if (inode instanceof GoferDirectory d) {
      d.place.set(parent, name);
    } else if (inode instanceof GoferInode i && a.nlink() == 1) {
      i.place.set(parent, name);
    }
    return inode;
  }

  static String targetOf(Reply r) {
    return (r.node().mode() & Stat.S_IFMT) == Stat.S_IFLNK
        ? new String(r.payload(), StandardCharsets.ISO_8859_1)
        : "";
  }

  /** One inode number out of the host's device and inode number: several devices may be below. */
  long numberOf(long dev, long ino) {
    int index = deviceNumbers.computeIfAbsent(dev, d -> deviceNumbers.size());
    return ino ^ (long) index << 48;
  }

  // ---- what is kept, and how much of it ----

  void handleUsed(GoferDirectory d) {
    withHandle.put(d, true);
    if (withHandle.size() > Math.min(HANDLES_MAX, client.handleLimit() - 16)) {
      Iterator<GoferDirectory> oldest = withHandle.keySet().iterator();
      GoferDirectory victim = oldest.next();
      if (victim == root) {
        victim = oldest.next();
      }
      oldest.remove();
      victim.dropHandle();
    }
  }

  @Nullable DirListing listing(GoferDirectory d) {
    return listings.get(new DirectoryKey(d.hostDev, d.hostIno));
  }

  void keepListing(GoferDirectory d, DirListing listing) {
    keepListing(new DirectoryKey(d.hostDev, d.hostIno), listing);
  }

  private void keepListing(DirectoryKey key, DirListing listing) {
    DirListing old = listings.put(key, listing);
    listingBytes += listing.bytes() - (old == null ? 0 : old.bytes());
    Iterator<DirListing> oldest = listings.values().iterator();
    while (listingBytes > LISTINGS_MAX_BYTES && listings.size() > 1) {
      listingBytes -= oldest.next().bytes();
      oldest.remove();
    }
  }

  /** Whether the host may be asked to tell of changes. */
  boolean canWatch() {
    return !immutable && !mayHang && client.watches() != null;
  }

  /** What is known of a directory of a mount and true; null if nothing is. */
  @Nullable WatchedDirectory watched(GoferDirectory d) {
    HostWatches watches = client.watches();
    if (watched.isEmpty() || watches == null) {
      return null;
    }
    watches.look();
    return watched.get(new DirectoryKey(d.hostDev, d.hostIno));
  }

  /** Keeps a listing of a directory that is watched since before it was made. */
  WatchedDirectory keepWatched(Attributes self, int number, DirListing listing) {
    DirectoryKey key = new DirectoryKey(self.dev(), self.ino());
    WatchedDirectory w = new WatchedDirectory(this, key, number, listing, self);
    HostWatches watches = client.watches();
    if (watches != null) {
      watches.add(w);
    }
    WatchedDirectory old = watched.get(key);
    if (old != null) {
      old.forget();
    }
    watched.put(key, w);
    watchedBytes += w.bytes();
    while (watched.size() > 1
        && (watchedBytes > LISTINGS_MAX_BYTES || watched.size() > HostWatches.MAX_WATCHES)) {
      watched.values().iterator().next().forget();
    }
    return w;
  }

  /** Of a directory that is no longer believed. */
  void forgetWatched(Object key, WatchedDirectory w) {
    if (watched.get(key) == w) {
      watched.remove(key);
      watchedBytes -= w.bytes();
    }
    HostWatches watches = client.watches();
    if (watches != null) {
      watches.remove(w);
    }
  }

  /** Has the host watch no longer what was not listed to the end. */
  void dropWatch(int number) {
    HostWatches watches = client.watches();
    if (number != 0 && watches != null) {
      watches.drop(number);
    }
  }

  /** Keeps the directories below one that the gofer sent along with it. */
  void keepBelow(byte[] payload, int from) {
    int at = from;
    while (payload.length - at >= Wire.BLOCK_SIZE) {
      Attributes node = Attributes.read(payload, at + Wire.BLOCK_NODE);
      int watch = Fields.getInt(payload, at + Wire.BLOCK_WATCH);
      int count = Fields.getInt(payload, at + Wire.BLOCK_COUNT);
      int length = Fields.getInt(payload, at + Wire.BLOCK_LENGTH);
      at += Wire.BLOCK_SIZE;
      DirListing listing = new DirListing(count);
      if (length < 0
          || length > payload.length - at
          || listing.add(payload, at, at + length, count) != at + length) {
        return;
      }
      if (immutable) {
        keepListing(new DirectoryKey(node.dev(), node.ino()), listing);
      } else if (watch != 0) {
        keepWatched(node, watch, listing);
      }
      at += length;
    }
  }

  /**
   * A read-only descriptor that no open file depends on is kept: of the immutable image, where
   * opening the file again costs nothing, and of what was opened ahead.
   */
  void descriptorUsed(GoferInode inode) {
    withDescriptor.put(inode, true);
    if (withDescriptor.size() > DESCRIPTORS_MAX) {
      Iterator<GoferInode> oldest = withDescriptor.keySet().iterator();
      while (oldest.hasNext()) {
        GoferInode victim = oldest.next();
        if (victim != inode && victim.dropDescriptor()) {
          oldest.remove();
          return;
        }
      }
    }
  }

  /** The inode's descriptor is in use until its last file is closed, or is closed already. */
  void descriptorKept(GoferInode inode) {
    withDescriptor.remove(inode);
  }

  void cacheUsed(PageCache cache) {
    caches.put(cache, true);
  }

  void forget(PageCache cache) {
    caches.remove(cache);
  }

  /**
   * Memory for file contents; gives back what nobody maps if there is too much of it.
   *
   * @return its offset in the memory file, or -1
   */
  long allocate(long bytes) {
    if (cachedBytes + bytes > CACHE_MAX_BYTES) {
      shrink(CACHE_MAX_BYTES - bytes);
    }
    long offset = memory.allocate(bytes);
    if (offset < 0) {
      shrink(0);
      offset = memory.allocate(bytes);
    }
    if (offset >= 0) {
      cachedBytes += bytes;
    }
    return offset;
  }

  void freed(long bytes) {
    cachedBytes -= bytes;
  }

  private void shrink(long target) {
    Iterator<PageCache> oldest = caches.keySet().iterator();
    while (cachedBytes > target && oldest.hasNext()) {
      PageCache cache = oldest.next();
      cache.releaseUnused();
      if (cache.isEmpty()) {
        oldest.remove();
      }
    }
  }

  static void closeDescriptor(int fd) {
    if (fd >= 0) {
      Libc.close(fd);
    }
  }
}

package dev.vivarium.sentry.vfs.overlay;

import dev.vivarium.engine.SandboxHost;
import dev.vivarium.image.tar.LayerTarWriter;
import dev.vivarium.image.tar.TarEntry;
import dev.vivarium.sentry.abi.Errno;
import dev.vivarium.sentry.abi.Fcntl;
import dev.vivarium.sentry.abi.Stat;
import dev.vivarium.sentry.kernel.Task;
import dev.vivarium.sentry.memory.Uio;
import dev.vivarium.sentry.tty.Devices;
import dev.vivarium.sentry.vfs.Dentry;
import dev.vivarium.sentry.vfs.DirectoryListing;
import dev.vivarium.sentry.vfs.File;
import dev.vivarium.sentry.vfs.FileRef;
import dev.vivarium.sentry.vfs.FileSystem;
import dev.vivarium.sentry.vfs.Inode;
import dev.vivarium.sentry.vfs.InodeRef;
import dev.vivarium.sentry.vfs.VfsPath;
import dev.vivarium.sentry.vfs.tmpfs.EntryTable;
import dev.vivarium.sentry.vfs.tmpfs.MemDirectory;
import dev.vivarium.sentry.vfs.tmpfs.MemInode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a guest changed in an overlay, as the tar of a layer over the lower file system: changed and
 * new files whole, {@code .wh.NAME} for what is gone, and {@code .wh..wh..opq} in a directory that
 * took the place of a lower one. On the kernel thread.
 *
 * <p>Only changed places are visited: a changed inode knows where below it was found. When one has
 * other names below, which nobody knows without looking, everything is looked through.
 */
public final class OverlayChanges {
  /** The kernel thread's stack is not the guest's to use up. */
  private static final int MAX_DEPTH = 400;

  private final OverlayFs overlay;
  private final Map<String, MemDirectory> besides = new LinkedHashMap<>();
  private final Task task;

  /** Inodes as they were before the guest began, by their change time. */
  private final Map<MemInode, Long> before = new IdentityHashMap<>();

  /**
   * Begins now: what is in the overlay already is no change.
   *
   * @param besides file systems in memory that are mounted over a directory of the overlay, by its
   *     path, and whose content counts as changed
   * @param task the kernel's own
   */
  public OverlayChanges(OverlayFs overlay, Map<String, FileSystem> besides, Task task) {
    this.overlay = overlay;
    this.task = task;
    besides.forEach((path, fs) -> {
      if (fs.root() instanceof MemDirectory directory) {
        this.besides.put(path, directory);
        rememberTree(directory);
      }
    });
    for (MemInode inode : overlay.changedInodes()) {
      remember(inode);
    }
  }

  private void remember(MemInode inode) {
    if (before.put(inode, inode.ctimeNanos) != null || !(inode instanceof OverlayDirectory d)) {
      return;
    }
    for (EntryTable.Entry entry : d.table()) {
      MemInode own = entry.inode();
      if (own != null) {
        rememberTree(own);
      }
    }
  }

  private void rememberTree(MemInode inode) {
    before.put(inode, inode.ctimeNanos);
    if (inode instanceof MemDirectory d && !(inode instanceof OverlayFs.Overlaid)) {
      d.list(
          task,
          DirectoryListing.FIRST_ENTRY,
          (name, ino, next, type) -> {
            InodeRef found = new InodeRef();
            if (d.lookup(task, name, found) == 0 && found.inode instanceof MemInode child) {
              rememberTree(child);
            }
            return true;
          });
    }
  }

  /**
   * Writes the tar.
   *
   * @param maxBytes of file contents; files may be sparse here, but not in a layer
   * @throws IOException if a file cannot be read, there is more, or the stream fails
   */
  public void write(OutputStream tar, long maxBytes) throws IOException {
    Walk walk = new Walk(new LayerTarWriter(tar), maxBytes);
    walk.run();
  }

  /**
   * Reads a file as it is below.
   *
   * @param path from the root, without a slash in front
   * @param most no more bytes than these
   * @return empty if there is no regular file
   */
  public Optional<SandboxHost.Original> original(String path, int most) throws IOException {
    Inode at = overlay.lower().root();
    for (String name : path.split("/")) {
      InodeRef found = new InodeRef();
      if (name.isEmpty()
          || name.equals(".")
          || name.equals("..")
          || !at.isDirectory()
          || at.lookup(task, name, found) < 0
          || found.inode == null) {
        return Optional.empty();
      }
      at = found.inode;
    }
    if (!at.isRegular() || at.getattr(task) < 0) {
      return Optional.empty();
    }
    long size = at.size;
    if (size > most) {
      return Optional.of(new SandboxHost.Original(size, Optional.empty()));
    }
    VfsPath place = new VfsPath(overlay.lower().internalMount(), Dentry.disconnected("lower", at));
    FileRef ref = new FileRef();
    long rc = at.open(task, place, Fcntl.O_RDONLY, ref);
    File open = ref.file;
    if (rc < 0 || open == null) {
      return Optional.of(new SandboxHost.Original(size, Optional.empty()));
    }
    try {
      byte[] content = new Content(task, open, path).readNBytes((int) size);
      return Optional.of(new SandboxHost.Original(size, Optional.of(content)));
    } finally {
      open.drop(task);
    }
  }

  private boolean isChanged(MemInode inode) {
    Long then = before.get(inode);
    boolean own = !(inode instanceof OverlayFs.Overlaid);
    return (own || overlay.isChanged(inode)) && (then == null || then != inode.ctimeNanos);
  }

  /** A directory that is written once something in it is. */
  private record Pending(String path, MemDirectory directory, boolean opaque) {}

  private final class Walk {
    private final LayerTarWriter tar;
    private final long maxBytes;
    private final List<Pending> pending = new ArrayList<>();
    private final Map<MemInode, String> written = new IdentityHashMap<>();

    /** Changed children that have no entry of their own, and the way to them. */
    private final Map<OverlayDirectory, TreeMap<String, MemInode>> places = new IdentityHashMap<>();

    private boolean everywhere;
    private long bytes;

    Walk(LayerTarWriter tar, long maxBytes) {
      this.tar = tar;
      this.maxBytes = maxBytes;
    }

    void run() throws IOException {
      for (MemInode inode : overlay.changedInodes()) {
        Inode original = ((OverlayFs.Overlaid) inode).below().original();
        everywhere |= !inode.isDirectory() && original.nlink > 1 && isChanged(inode);
        place(inode);
      }
      OverlayDirectory root = (OverlayDirectory) overlay.root();
      if (isChanged(root)) {
        entry("./", root, TarEntry.TYPE_DIRECTORY, "");
      }
      inPlace("", root);
      for (Map.Entry<String, MemDirectory> e : besides.entrySet()) {
        for (String name : list(e.getValue())) {
          MemInode child = find(e.getValue(), name);
          if (child != null) {
            whole(e.getKey() + "/" + name, child, false);
          }
        }
      }
      tar.end();
    }

    private void place(MemInode changed) {
      MemInode at = changed;
      while (at instanceof OverlayFs.Overlaid o) {
        OverlayDirectory parent = o.below().directory();
        if (parent == null
            || places.computeIfAbsent(parent, p -> new TreeMap<>()).put(o.below().name(), at)
                != null) {
          return;
        }
        at = parent;
      }
    }

    /** A directory that stands where it stands below. */
    private void inPlace(String prefix, OverlayDirectory directory) throws IOException {
      checkDepth(prefix);
      Map<String, MemInode> below = places.getOrDefault(directory, new TreeMap<>());
      TreeSet<String> names = new TreeSet<>(below.keySet());
      if (everywhere) {
        names.addAll(list(directory));
      }
      for (EntryTable.Entry entry : directory.table()) {
        if (entry.inode() != null || entry.isWhiteout()) {
          names.add(entry.name());
        }
      }
      for (String name : names) {
        String path = prefix + name;
        EntryTable.Entry entry = directory.entry(name);
        if (entry != null && entry.isWhiteout()) {
          whiteout(prefix + ".wh." + name);
          continue;
        }
        MemInode own = entry == null ? null : entry.inode();
        if (own != null) {
          whole(path, own, entry != null && entry.hidesLower());
          continue;
        }
        MemInode child = everywhere ? find(directory, name) : below.get(name);
        if (child instanceof OverlayDirectory d) {
          if (isChanged(d)) {
            flush();
            entry(path + "/", d, TarEntry.TYPE_DIRECTORY, "");
          }
          inPlace(path + "/", d);
        } else if (child != null && isChanged(child)) {
          file(path, child);
        }
      }
    }

    /** Something new under this name, with all that is in it. */
    private void whole(String path, MemInode inode, boolean hides) throws IOException {
      if (!(inode instanceof MemDirectory directory)) {
        if (isChanged(inode) || inode instanceof OverlayFs.Overlaid) {
          file(path, inode);
        }
        return;
      }
      checkDepth(path);
      pending.add(new Pending(path + "/", directory, hides));
      int depth = pending.size();
      if (hides || inode instanceof OverlayFs.Overlaid || isChanged(inode)) {
        flush();
      }
      for (String name : list(directory)) {
        MemInode child = find(directory, name);
        if (child != null) {
          whole(path + "/" + name, child, false);
        }
      }
      // What was not written has nothing in it that the guest made.
      if (pending.size() == depth) {
        pending.removeLast();
      }
    }

    private void flush() throws IOException {
      List<Pending> due = List.copyOf(pending);
      pending.clear();
      for (Pending next : due) {
        entry(next.path, next.directory, TarEntry.TYPE_DIRECTORY, "");
        if (next.opaque) {
          whiteout(next.path + ".wh..wh..opq");
        }
      }
    }

    private void file(String path, MemInode inode) throws IOException {
      char type =
          switch (inode.mode & Stat.S_IFMT) {
            case Stat.S_IFREG -> TarEntry.TYPE_FILE;
            case Stat.S_IFLNK -> TarEntry.TYPE_SYMLINK;
            case Stat.S_IFCHR -> TarEntry.TYPE_CHAR_DEVICE;
            case Stat.S_IFBLK -> TarEntry.TYPE_BLOCK_DEVICE;
            case Stat.S_IFIFO -> TarEntry.TYPE_FIFO;
            default -> '\0'; // a socket's name means nothing without its server
          };
      if (type == '\0') {
        return;
      }
      flush();
      String first = written.putIfAbsent(inode, path);
      if (first != null) {
        entry(path, inode, TarEntry.TYPE_HARD_LINK, first);
        return;
      }
      String target = type == TarEntry.TYPE_SYMLINK ? inode.readlink(task) : "";
      entry(path, inode, type, target == null ? "" : target);
    }

    private void whiteout(String path) throws IOException {
      flush();
      tar.entry(new TarEntry(path, TarEntry.TYPE_FILE, 0644, 0, 0, 0, 0, 0, "", 0, 0, Map.of()));
    }

    private void entry(String path, MemInode inode, char type, String link) throws IOException {
      check(inode.getattr(task), path);
      boolean hasContent = type == TarEntry.TYPE_FILE && inode.size > 0;
      boolean device = type == TarEntry.TYPE_CHAR_DEVICE || type == TarEntry.TYPE_BLOCK_DEVICE;
      TarEntry header =
          new TarEntry(
              path,
              type,
              inode.mode & 07777,
              inode.uid,
              inode.gid,
              hasContent ? inode.size : 0,
              Math.floorDiv(inode.mtimeNanos, 1_000_000_000L),
              Math.floorMod(inode.mtimeNanos, 1_000_000_000),
              link,
              device ? Devices.major(inode.rdev) : 0,
              device ? Devices.minor(inode.rdev) : 0,
              type == TarEntry.TYPE_HARD_LINK ? Map.of() : xattrs(inode));
      if (!hasContent) {
        tar.entry(header);
        return;
      }
      bytes += inode.size;
      if (bytes > maxBytes) {
        throw new IOException("the changed files have more than " + (maxBytes >> 20) + " MiB");
      }
      VfsPath place = new VfsPath(overlay.internalMount(), Dentry.disconnected("changed", inode));
      FileRef ref = new FileRef();
      check(inode.open(task, place, Fcntl.O_RDONLY | Fcntl.O_NOATIME, ref), path);
      File open = ref.file;
      if (open == null) {
        throw new IOException("cannot read " + path);
      }
      try {
        tar.entry(header, new Content(task, open, path));
      } finally {
        open.drop(task);
      }
    }

    private Map<String, byte[]> xattrs(MemInode inode) {
      Map<String, byte[]> all = new LinkedHashMap<>();
      for (String name : inode.listxattr(task)) {
        byte[] value = inode.getxattr(task, name);
        if (value != null) {
          all.put(name, value);
        }
      }
      return all;
    }

    private List<String> list(MemDirectory directory) throws IOException {
      TreeSet<String> names = new TreeSet<>();
      check(
          directory.list(
              task,
              DirectoryListing.FIRST_ENTRY,
              (name, ino, next, type) -> {
                names.add(name);
                return true;
              }),
          "a directory");
      return List.copyOf(names);
    }

    private @Nullable MemInode find(MemDirectory directory, String name) {
      InodeRef found = new InodeRef();
      return directory.lookup(task, name, found) == 0 ? (MemInode) found.inode : null;
    }
  }

  private static void checkDepth(String path) throws IOException {
    if (path.chars().filter(c -> c == '/').count() > MAX_DEPTH) {
      throw new IOException("directories more than " + MAX_DEPTH + " deep");
    }
  }

  private static void check(long rc, String path) throws IOException {
    if (rc < 0) {
      throw new IOException("cannot read " + path + ": " + Errno.name((int) -rc));
    }
  }

  /** The content of a file that nobody changes meanwhile. */
  private static final class Content extends InputStream {
    private final Task task;
    private final File file;
    private final String path;
    private long position;

    Content(Task task, File file, String path) {
      this.task = task;
      this.file = file;
      this.path = path;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      long n = file.read(task, Uio.of(buffer, offset, length), position);
      check(n, path);
      position += n;
      return n == 0 ? -1 : (int) n;
    }
  }
}

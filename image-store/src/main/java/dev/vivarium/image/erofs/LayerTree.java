package dev.vivarium.image.erofs;

import dev.vivarium.image.erofs.Inode.Directory;
import dev.vivarium.image.tar.BadArchiveException;
import dev.vivarium.image.tar.TarEntry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The tree that a layer's entries make. Names are taken apart and judged here; OCI's whiteouts
 * become overlayfs's: a character device 0:0 for a removed name, {@code trusted.overlay.opaque} for
 * a directory that hides the one below.
 */
final class LayerTree {
  static final String OPAQUE = "trusted.overlay.opaque";

  /** Marks directories that no entry named, whose attributes are those of the layer below. */
  static final String IMPLIED = "trusted.vivarium.implied";

  private static final int MAX_LINK = 4095;
  private static final int MAX_XATTR_VALUE = 65535;
  private static final int MAX_XATTRS = 128 << 10;
  private static final int MAX_SYMLINKS = 40;
  private static final String WHITEOUT = ".wh.";
  private static final String AUFS = ".wh..wh.";
  private static final String OPAQUE_MARK = ".wh..wh..opq";

  private final LayerLimits limits;
  private final Directory root = new Directory(null);
  private final Inode whiteout = new Inode(ErofsFormat.S_IFCHR);
  private long entries;
  private long metadataBytes;
  private long memoryTaken;

  LayerTree(LayerLimits limits) {
    this.limits = limits;
  }

  Directory root() {
    return root;
  }

  long entries() {
    return entries;
  }

  /** Adds an entry; a regular file's content is in the blocks from the given one on. */
  void add(TarEntry entry, int firstBlock) throws BadArchiveException {
    List<String> path = EntryName.split(entry.name(), "entry");
    if (path.isEmpty()) {
      if (entry.type() != TarEntry.TYPE_DIRECTORY) {
        throw new BadArchiveException("the root is not a directory");
      }
      describe(root, entry);
      return;
    }
    String name = path.getLast();
    if (name.startsWith(WHITEOUT)) {
      remove(path, entry);
      return;
    }
    Directory parent = directory(path, path.size() - 1);
    switch (entry.type()) {
      case TarEntry.TYPE_DIRECTORY -> describe(makeDirectory(parent, name), entry);
      case TarEntry.TYPE_HARD_LINK -> link(parent, name, entry);
      default -> replace(parent, name, inode(entry, firstBlock));
    }
  }

  /**
   * Says what only the whole layer shows: a directory that is here for whiteouts alone and has been
   * removed itself is gone; one that was removed and made again hides what was below.
   */
  void finish() {
    List<Directory> directories = new ArrayList<>(List.of(root));
    for (int i = 0; i < directories.size(); i++) {
      Map<String, Inode> children = directories.get(i).children;
      if (children != null) {
        for (Inode child : children.values()) {
          if (child instanceof Directory directory) {
            directories.add(directory);
          }
        }
      }
    }
    for (Directory directory : directories.reversed()) {
      boolean real = !directory.implied || directory.opaque;
      if (directory.children != null) {
        for (Map.Entry<String, Inode> child : directory.children.entrySet()) {
          if (child.getValue() instanceof Directory below && below.removed) {
            if (below.real) {
              below.opaque = true;
            } else {
              drop(directory, below);
              whiteout.nlink++;
              child.setValue(whiteout);
            }
          }
          real |=
              child.getValue() instanceof Directory below
                  ? below.real
                  : child.getValue() != whiteout;
        }
      }
      directory.real = real;
    }
    // Where nothing of lower layers shows, a whiteout removes nothing, and the kernel would list
    // it.
    for (Directory directory : directories) {
      directory.opaqueAbove = directory.opaque || directory.parent.opaqueAbove;
      if (directory.opaqueAbove && directory.children != null) {
        int before = directory.children.size();
        directory.children.values().removeIf(child -> child == whiteout);
        whiteout.nlink -= before - directory.children.size();
      }
    }
  }

  private void remove(List<String> path, TarEntry entry) throws BadArchiveException {
    String name = path.getLast();
    boolean opaque = name.equals(OPAQUE_MARK);
    if (name.startsWith(AUFS) && !opaque) {
      return; // AUFS kept its own files under such names; they are no part of the image
    }
    String removed = name.substring(WHITEOUT.length());
    if (removed.isEmpty() || removed.equals(".") || removed.equals("..")) {
      throw new BadArchiveException("a whiteout of nothing: " + EntryName.shown(entry.name()));
    }
    // Some writers also remove what was in a directory that they replaced by a file.
    Directory at = root;
    for (String component : path.subList(0, path.size() - 1)) {
      Inode next = at.child(component);
      if (next != null && next != whiteout && !next.isDirectory()) {
        return;
      }
      at = makeDirectory(at, component);
    }
    if (opaque) {
      at.opaque = true;
      return;
    }
    Inode present = at.child(removed);
    if (present instanceof Directory directory) {
      directory.removed = true;
    } else if (present == null) {
      replace(at, removed, whiteout);
    }
  }

  private Inode inode(TarEntry entry, int firstBlock) throws BadArchiveException {
    int type =
        switch (entry.type()) {
          case TarEntry.TYPE_FILE -> ErofsFormat.S_IFREG;
          case TarEntry.TYPE_SYMLINK -> ErofsFormat.S_IFLNK;
          case TarEntry.TYPE_CHAR_DEVICE -> ErofsFormat.S_IFCHR;
          case TarEntry.TYPE_BLOCK_DEVICE -> ErofsFormat.S_IFBLK;
          case TarEntry.TYPE_FIFO -> ErofsFormat.S_IFIFO;
          default -> throw new IllegalArgumentException("type " + entry.type());
        };
    Inode inode = new Inode(type | (type == ErofsFormat.S_IFLNK ? 0777 : entry.mode()));
    if (type == ErofsFormat.S_IFREG) {
      inode.size = entry.size();
      inode.firstBlock = entry.size() == 0 ? 0 : firstBlock;
    } else if (type == ErofsFormat.S_IFLNK) {
      String target = entry.linkName();
      if (target.isEmpty() || target.length() > MAX_LINK) {
        throw new BadArchiveException(
            "a symbolic link with a target of "
                + target.length()
                + " bytes: "
                + EntryName.shown(entry.name()));
      }
      charge(target.length());
      inode.target = target;
      inode.size = target.length();
    } else {
      inode.rdev = ErofsFormat.encodeDevice(entry.devMajor(), entry.devMinor());
    }
    attributes(inode, entry);
    return inode;
  }

  private void describe(Directory directory, TarEntry entry) throws BadArchiveException {
    directory.implied = false;
    directory.permissions = entry.mode();
    attributes(directory, entry);
    byte[] opaque = entry.xattrs().get(OPAQUE);
    if (opaque != null && opaque.length == 1 && opaque[0] == 'y') {
      directory.opaque = true;
    }
  }

  private void attributes(Inode inode, TarEntry entry) throws BadArchiveException {
    inode.uid = entry.uid();
    inode.gid = entry.gid();
    inode.mtimeSeconds = entry.mtimeSeconds();
    inode.mtimeNanos = entry.mtimeNanos();
    inode.xattrs = Map.of();
    if (entry.xattrs().isEmpty()) {
      return;
    }
    Map<String, byte[]> kept = new TreeMap<>();
    for (Map.Entry<String, byte[]> xattr : entry.xattrs().entrySet()) {
      String name = xattr.getKey();
      // An image must not steer overlayfs or this store; what no Linux file can carry is left out.
      if (name.startsWith("trusted.overlay.")
          || name.startsWith("trusted.vivarium.")
          || ErofsFormat.xattrIndex(name) == 0) {
        continue;
      }
      if (name.length() > ErofsFormat.NAME_MAX
          || name.indexOf('\0') >= 0
          || xattr.getValue().length > MAX_XATTR_VALUE) {
        throw new BadArchiveException(
            "an extended attribute that Linux cannot hold: " + EntryName.shown(entry.name()));
      }
      charge(name.length() + xattr.getValue().length + 64L);
      kept.put(name, xattr.getValue());
    }
    if (XattrCodec.size(kept) > MAX_XATTRS) {
      throw new BadArchiveException(
          "more than 128 KiB of extended attributes: " + EntryName.shown(entry.name()));
    }
    inode.xattrs = kept;
  }

  private void link(Directory parent, String name, TarEntry entry) throws BadArchiveException {
    String target = entry.linkName();
    List<String> path = EntryName.split(target, "hard link's target");
    Inode inode = path.isEmpty() ? root : null;
    if (inode == null) {
      Directory directory = find(path, path.size() - 1);
      inode = directory == null ? null : directory.child(path.getLast());
    }
    if (inode == null || inode == whiteout) {
      throw new BadArchiveException(
          "a hard link to what does not come before it: "
              + EntryName.shown(entry.name())
              + " -> "
              + EntryName.shown(target));
    }
    if (inode.isDirectory()) {
      throw new BadArchiveException("a hard link to a directory: " + EntryName.shown(entry.name()));
    }
    if (parent.child(name) != inode) {
      replace(parent, name, inode);
    }
  }

  private void replace(Directory parent, String name, Inode inode) throws BadArchiveException {
    Inode before = parent.child(name);
    if (before == null) {
      count(name);
    } else {
      drop(parent, before);
    }
    inode.nlink++;
    parent.put(name, inode);
  }

  private Directory makeDirectory(Directory parent, String name) throws BadArchiveException {
    Inode before = parent.child(name);
    if (before instanceof Directory directory) {
      return directory;
    }
    Directory directory = new Directory(parent);
    directory.removed = before == whiteout;
    if (before == null) {
      count(name);
    } else {
      drop(parent, before);
    }
    parent.nlink++;
    parent.put(name, directory);
    return directory;
  }

  /** Takes an inode out of a directory, and with a directory all that is in it. */
  private void drop(Directory parent, Inode inode) {
    if (!(inode instanceof Directory directory)) {
      inode.nlink--;
      return;
    }
    parent.nlink--;
    ArrayDeque<Directory> todo = new ArrayDeque<>();
    todo.add(directory);
    while (!todo.isEmpty()) {
      Directory next = todo.remove();
      if (next.children == null) {
        continue;
      }
      for (Inode child : next.children.values()) {
        entries--;
        if (child instanceof Directory below) {
          todo.add(below);
        } else {
          child.nlink--;
        }
      }
    }
  }

  /** The directory at the first names of a path; what is missing is made. */
  private Directory directory(List<String> path, int length) throws BadArchiveException {
    Directory at = root;
    for (int i = 0; i < length; i++) {
      Inode next = at.child(path.get(i));
      if (next != null && next.target != null) {
        next = follow(at, next);
        if (next == null) {
          throw new BadArchiveException(
              "an entry below a symbolic link that leads nowhere: "
                  + EntryName.shown(String.join("/", path)));
        }
      }
      if (next instanceof Directory directory) {
        at = directory;
      } else if (next == null || next == whiteout) {
        at = makeDirectory(at, path.get(i));
      } else {
        throw new BadArchiveException(
            "an entry below what is not a directory: " + EntryName.shown(String.join("/", path)));
      }
    }
    return at;
  }

  private @Nullable Directory find(List<String> path, int length) {
    Directory at = root;
    for (int i = 0; i < length; i++) {
      Inode next = at.child(path.get(i));
      if (next != null && next.target != null) {
        next = follow(at, next);
      }
      if (!(next instanceof Directory directory)) {
        return null;
      }
      at = directory;
    }
    return at;
  }

  /** Where a symbolic link leads within this layer; it cannot lead out of it. */
  private @Nullable Inode follow(Directory from, Inode link) {
    ArrayDeque<String> todo = new ArrayDeque<>();
    Directory at = from;
    Inode inode = link;
    int links = 0;
    while (true) {
      if (inode.target != null) {
        if (++links > MAX_SYMLINKS) {
          return null;
        }
        String target = inode.target;
        if (target.startsWith("/")) {
          at = root;
        }
        String[] names = target.split("/");
        for (int i = names.length - 1; i >= 0; i--) {
          todo.push(names[i]);
        }
        inode = at;
      } else if (inode instanceof Directory directory) {
        at = directory;
      } else {
        return todo.isEmpty() ? inode : null;
      }
      String name = todo.poll();
      if (name == null) {
        return inode;
      }
      Inode next =
          switch (name) {
            case "", "." -> at;
            case ".." -> at.parent;
            default -> at.child(name);
          };
      if (next == null) {
        return null;
      }
      inode = next;
    }
  }

  private void count(String name) throws BadArchiveException {
    if (++entries > limits.maxEntries()) {
      throw BadArchiveException.limit(
          "more than " + limits.maxEntries() + " entries, which is the limit");
    }
    charge(name.length());
    takeMemory(LayerLimits.BYTES_PER_ENTRY);
  }

  private void takeMemory(long bytes) throws BadArchiveException {
    if (!limits.memory().take(bytes)) {
      throw BadArchiveException.limit(
          "too many entries for this process's memory: all layers at work together may take "
              + (limits.memory().most() >> 20)
              + " MiB for them");
    }
    memoryTaken += bytes;
  }

  /** The tree is needed no more. */
  void release() {
    limits.memory().give(memoryTaken);
    memoryTaken = 0;
  }

  private void charge(long bytes) throws BadArchiveException {
    metadataBytes += bytes;
    if (metadataBytes > limits.maxMetadataBytes()) {
      throw BadArchiveException.limit(
          "more than "
              + limits.maxMetadataBytes()
              + " bytes of names and attributes, which is the limit");
    }
    takeMemory(bytes);
  }
}
